"""A process of Comeback's own that talks with one shop from many threads at once; `python renewing.py SHOP THREADS [die]`.

With `die` it is killed between Shopify's answer about new tokens and the commit that would keep them.
"""

import os
import signal
import sys
import threading

from connector import config
from connector.house import furnish
from connector.store import shops, vaults


def die_before_the_commit() -> None:
    """Have the process killed as soon as tokens were saved, which no commit has made lasting yet."""
    save = vaults._OpenVault.save

    def last(vault: vaults._OpenVault, tokens: bytes) -> None:
        save(vault, tokens)
        os.kill(os.getpid(), signal.SIGKILL)

    vaults._OpenVault.save = last  # type: ignore[method-assign]


def main(address: str, threads: int) -> None:
    """Ask the shop for its name from every thread at the same moment, and say how often it answered."""
    house = furnish(config.environment())
    with house.database.everyone() as connection:
        shop = next(one for one in shops.everywhere(connection) if one.address == address)
    together, names = threading.Barrier(threads + 1), list[str]()

    def ask() -> None:
        together.wait()
        names.append(house.line(shop).facts().name)

    started = [threading.Thread(target=ask) for _ in range(threads)]
    for one in started:
        one.start()
    print("ready", flush=True)
    sys.stdin.readline()
    together.wait()
    for one in started:
        one.join()
    print(len(names), flush=True)
    house.close()


if __name__ == "__main__":
    if sys.argv[3:] == ["die"]:
        die_before_the_commit()
    main(sys.argv[1], int(sys.argv[2]))
