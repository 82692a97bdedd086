"""The shape of the predecessor: one process, and a model called synchronously inside an async route.

`python -m benchmarks.opponents.predecessor PORT MODEL_URL`. FastAPI and uvicorn are no dependencies of ours, so the
server is asyncio's own, with less to do for each request than theirs; the loop stands still during a call all the same.
"""

from __future__ import annotations

import asyncio
import json
import sys
import urllib.request

MODEL = {"model": "stub", "stream": False, "messages": [{"role": "user", "content": ""}]}


def call_model(url: str, message: str) -> str:
    body = json.dumps(MODEL | {"messages": [{"role": "user", "content": message}]}).encode()
    asked = urllib.request.Request(f"{url}/chat/completions", body, {"Content-Type": "application/json"})  # noqa: S310  our own stub
    with urllib.request.urlopen(asked, timeout=60) as answer:  # noqa: S310  idem
        return str(answer.read())


async def serve(port: int, url: str) -> None:
    async def route(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while head := await reader.readuntil(b"\r\n\r\n"):
            names = {line.partition(b": ")[0].lower(): line.partition(b": ")[2] for line in head.split(b"\r\n")}
            message = json.loads(await reader.readexactly(int(names[b"content-length"])))["message"]
            said = json.dumps({"response": call_model(url, message)}).encode()
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(said), said))
            await writer.drain()

    server = await asyncio.start_server(route, "127.0.0.1", port, backlog=512)
    print("ready", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), sys.argv[2]))
