"""A way to a server with latency, loss and little bandwidth, for as long as a file says so: what a kernel without netem cannot do.

  slow_way.py ADDRESS PORT SERVER PORT FILE     FILE: {"delay": seconds, "loss": part of the packets, "rate": bytes a second}
"""
import asyncio, json, random, sys

PACKET = 1460  # what is lost, as a TCP of its own would see it: after its timeout it is sent again
TIMEOUT = 0.3
HELD = 64  # packets under way in each direction


def slowness():
    """- Returns: nothing while the way is as it is."""
    try:
        return json.load(open(sys.argv[5]))
    except (OSError, ValueError):
        return None


async def pump(reader, writer):
    """In order, each packet as late as it is; who sends waits while many are under way."""
    under_way, loop = asyncio.Queue(HELD), asyncio.get_running_loop()

    async def deliver():
        free = 0
        while (item := await under_way.get()) is not None:
            due, data, rate = item
            due = max(due, free)
            await asyncio.sleep(max(0, due - loop.time()))
            free = due + (len(data) / rate if rate else 0)
            writer.write(data)
            await writer.drain()
        writer.write_eof()

    delivery = asyncio.create_task(deliver())
    try:
        while data := await reader.read(PACKET):
            slow = slowness() or {"delay": 0, "loss": 0, "rate": 0}
            late = slow["delay"] + (TIMEOUT if random.random() < slow["loss"] else 0)
            await under_way.put((loop.time() + late, data, slow["rate"]))
        await under_way.put(None)
        await delivery
    finally:
        delivery.cancel()


async def connect(reader, writer):
    try:
        other_reader, other_writer = await asyncio.open_connection(sys.argv[3], int(sys.argv[4]))
    except OSError:
        return writer.close()
    await asyncio.gather(pump(reader, other_writer), pump(other_reader, writer), return_exceptions=True)
    for side in (writer, other_writer):
        side.close()


async def main():
    server = await asyncio.start_server(connect, sys.argv[1], int(sys.argv[2]))
    await server.serve_forever()

asyncio.run(main())
