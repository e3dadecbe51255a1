"""`python -m connector.cli` is `comeback`."""

from connector.cli import main

if __name__ == "__main__":
    main()
