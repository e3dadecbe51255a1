"""The tables, the queries and the queue; nothing here commits."""
