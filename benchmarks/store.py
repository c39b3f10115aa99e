"""How many durable writes a second does the store make, one at a time and from many threads?

    python benchmarks/store.py [--seconds 3] [--database-url postgresql://...]

Prints, for tiny inserts: one thread, then 8 and 64 threads at once; and beside it how often this disk syncs
a file in a second, which bounds what one thread can do. Ratios say more than figures: disks differ.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import threading
import time
from pathlib import Path

import sqlalchemy as sa

from steelyard.store.database import Database, Transaction, open_database

TABLE = sa.Table(
    "benchmark_store",
    sa.MetaData(),
    sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True),
    sa.Column("number", sa.BigInteger, nullable=False),
)
INSERT = sa.insert(TABLE).values(number=sa.bindparam("number")).returning(TABLE.c.id)
SELECT = sa.select(TABLE.c.number).where(TABLE.c.id == sa.bindparam("wanted"))


def insert(tx: Transaction) -> int:
    return tx.scalar(INSERT, {"number": 1})


def select(tx: Transaction) -> int:
    return tx.scalar(SELECT, {"wanted": 1})


def syncs_per_second(folder: Path, seconds: float) -> float:
    """What the disk allows: 4 KB written and synced, one after another."""
    done, end = 0, time.perf_counter() + seconds
    with (folder / "sync").open("wb", buffering=0) as file:
        while time.perf_counter() < end:
            file.write(bytes(4096))
            os.fdatasync(file.fileno())
            done += 1
    return done / seconds


def measure(
    database: Database, threads: int, seconds: float, reading: bool = False
) -> tuple[float, list[float]]:
    """Calls a second over all threads, and how long each took in milliseconds."""
    took: list[list[float]] = [[] for _ in range(threads)]
    end = time.perf_counter() + seconds

    def run(mine: list[float]) -> None:
        while (began := time.perf_counter()) < end:
            if reading:
                database.read(select)
            else:
                database.write(insert)
            mine.append((time.perf_counter() - began) * 1000)

    workers = [threading.Thread(target=run, args=(mine,)) for mine in took]
    began = time.perf_counter()
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    every = sorted(each for mine in took for each in mine)
    return len(every) / (time.perf_counter() - began), every


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--database-url")
    told = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, open_database(Path(name), told.database_url) as database:
        disk = syncs_per_second(Path(name), min(told.seconds, 1.0))
        print(f"{database!r}\nthe disk syncs {disk:,.0f} times a second")
        database.write(lambda tx: TABLE.drop(tx.connection, checkfirst=True))
        database.write(lambda tx: TABLE.create(tx.connection))
        database.write(insert)
        alone = 0.0
        for threads in (1, 8, 64):
            rate, took = measure(database, threads, told.seconds)
            alone = alone or rate
            print(
                f"write, {threads:2} threads: {rate:8,.0f}/s  {rate / alone:5.1f}x one thread"
                f"  {rate / disk:5.1f}x syncs"
                f"  p50 {statistics.median(took):7.2f} ms  p99 {took[int(len(took) * 0.99)]:7.2f} ms"
            )
        rate, took = measure(database, 1, told.seconds, reading=True)
        print(f"read,   1 thread : {rate:8,.0f}/s  p50 {statistics.median(took):7.3f} ms")
        database.write(lambda tx: TABLE.drop(tx.connection))


if __name__ == "__main__":
    main()
