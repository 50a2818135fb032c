"""Drains no-op jobs with one peer, in a process of its own: drain.py PEER DSN JOBS. Prints jobs per second, from the first claim to an empty
queue. Run by Benchmarks/peers/run, with a Python that has the peer."""
import asyncio
import sys
import time
from dataclasses import dataclass

peer, dsn, jobs = sys.argv[1], sys.argv[2], int(sys.argv[3])
BATCH = 100


async def pgqueuer():
    import asyncpg
    from pgqueuer import AsyncpgDriver, Queries, QueueManager
    from pgqueuer.models import Job
    from pgqueuer.domain.types import QueueExecutionMode
    connection = await asyncpg.connect(dsn)
    driver = AsyncpgDriver(connection)
    queries = Queries(driver)
    await queries.install()
    for start in range(0, jobs, 10_000):
        count = min(10_000, jobs - start)
        await queries.enqueue(["noop"] * count, [None] * count, [0] * count)
    manager = QueueManager(queries)

    @manager.entrypoint("noop")
    async def noop(job: Job) -> None:
        pass

    begin = time.monotonic()
    await manager.run(batch_size=BATCH, mode=QueueExecutionMode.drain)
    return time.monotonic() - begin


async def procrastinate():
    import procrastinate as p
    app = p.App(connector=p.PsycopgConnector(conninfo=dsn, min_size=4, max_size=8))

    @app.task(name="noop")
    async def noop():
        pass

    async with app.open_async():
        await app.schema_manager.apply_schema_async()
        for start in range(0, jobs, 10_000):
            await noop.batch_defer_async(*[{} for _ in range(min(10_000, jobs - start))])
        begin = time.monotonic()
        await app.run_worker_async(wait=False, concurrency=BATCH, install_signal_handlers=False, listen_notify=False)
        return time.monotonic() - begin


async def awa():
    import awa as a

    @dataclass
    class Noop:
        number: int

    client = a.AsyncClient(dsn)
    await client.migrate()
    for start in range(0, jobs, 10_000):
        await client.insert_many_copy([Noop(n) for n in range(start, min(start + 10_000, jobs))], queue="bench")
    done, all_done = 0, asyncio.Event()

    @client.task(Noop, queue="bench")
    async def noop(job):
        nonlocal done
        done += 1
        if done >= jobs:
            all_done.set()

    begin = time.monotonic()
    await client.start([("bench", BATCH)], poll_interval_ms=50)
    await asyncio.wait_for(all_done.wait(), 600)
    took = time.monotonic() - begin
    await client.shutdown()
    await client.close()
    return took


took = asyncio.run({"pgqueuer": pgqueuer, "procrastinate": procrastinate, "awa": awa}[peer]())
print(jobs / took)
