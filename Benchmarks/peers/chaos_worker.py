"""A worker of another queue, or what gives it its tasks: chaos_worker.py QUEUE URL DSN enqueue COUNT | work NUMBER. Started by
Benchmarks/peers/chaos, with a Python that has the queue. A task takes a second, and writes its row in the middle."""
import asyncio
import sys
import time
from dataclasses import dataclass

import psycopg

queue, url, dsn, act, number = *sys.argv[1:5], int(sys.argv[5])
INSERT = "INSERT INTO effect (task) VALUES (%s)"


def awa():
    import awa as a

    @dataclass
    class Write:
        number: int

    async def main():
        client = a.AsyncClient(url)
        if act == "enqueue":
            await client.migrate()
            return await client.insert_many_copy([Write(n) for n in range(number)], queue="chaos")

        @client.task(Write, queue="chaos")
        async def write(job):
            await asyncio.sleep(0.5)
            async with await psycopg.AsyncConnection.connect(dsn) as connection:
                await connection.execute(INSERT, [job.args.number])
            await asyncio.sleep(0.5)

        await client.start([("chaos", 4)], poll_interval_ms=50, heartbeat_interval_ms=1000, heartbeat_staleness_ms=3000,
                           heartbeat_rescue_interval_ms=1000, leader_election_interval_ms=1000)
        await asyncio.sleep(3600)

    asyncio.run(main())


def dbos():
    import sqlalchemy
    from dbos import DBOS, SetWorkflowID, SQLAlchemyDatasource
    DBOS(config={"name": "chaos", "system_database_url": url, "executor_id": f"w{number}", "application_version": "1"})
    datasource = SQLAlchemyDatasource.create(url)

    @datasource.transaction()
    def write_in_transaction(task):
        datasource.sql_session().execute(sqlalchemy.text("INSERT INTO effect (task) VALUES (:task)"), {"task": task})

    @DBOS.step(retries_allowed=True, max_attempts=20)
    def write_in_step(task):
        with psycopg.connect(dsn) as connection:
            connection.execute(INSERT, [task])

    @DBOS.workflow(max_recovery_attempts=100)
    def write(task):
        time.sleep(0.5)
        (write_in_transaction if queue == "dbos-tx" else write_in_step)(task)
        time.sleep(0.5)

    if act == "enqueue":
        DBOS.listen_queues(["nobody's"])
    DBOS.launch()
    tasks = DBOS.register_queue("chaos", worker_concurrency=4, polling_interval_sec=0.2)
    if act == "enqueue":
        for task in range(number):
            with SetWorkflowID(str(task)):
                tasks.enqueue(write, task)
        return DBOS.destroy()
    time.sleep(3600)


awa() if queue == "awa" else dbos()
