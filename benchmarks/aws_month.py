"""One month of a Data Export through the mirror and its conversion: how much memory and time its rows take.

`python -m benchmarks.aws_month --rows 2000000` serves the month from a loopback S3 in a process of its own; what is
measured is the process that mirrors and converts.
"""

import argparse
import hashlib
import json
import multiprocessing
import os
import resource
import tempfile
import time
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing.connection import Connection
from pathlib import Path
from urllib.parse import unquote, urlsplit

import duckdb

from servers.aws.data_exports.bills import JUST_NOW, LiveBills
from servers.aws.live import Live
from servers.aws.settings import AwsSettings, ExportLocation
from servers.sample.generate import generate

BUCKET = "bench-bills"
FILE_ROWS = 500_000
_BLOCK = 1 << 20


def write_month(folder: Path, rows: int) -> int:
    """A month of FOCUS as AWS lays it out, in files of half a million rows; how many rows there are."""
    generate(folder / "sample", rows=60_000, months=2)
    [source] = sorted((folder / "sample" / "aws" / "costs" / "quillhaven-focus" / "data").glob("*/*.parquet"))[:1]
    month = source.parent.name
    data = folder / BUCKET / "focus" / "data" / month
    data.mkdir(parents=True)
    keys: list[str] = []
    written = 0
    with duckdb.connect(":memory:", config={"memory_limit": "1GB", "threads": 2}) as connection:
        [base] = connection.execute(f"SELECT count(*) FROM '{source}'").fetchone() or (0,)
        copies = max(1, FILE_ROWS // base)
        while written < rows:
            file = data / f"focus-{len(keys) + 1:05}.snappy.parquet"
            connection.execute(
                "COPY (SELECT s.* REPLACE (s.ResourceId || '-' || k.range AS ResourceId)"
                f" FROM '{source}' s, range({len(keys) * copies}, {(len(keys) + 1) * copies}) k)"
                f" TO '{file}' (FORMAT parquet, COMPRESSION snappy)"
            )
            keys.append(file.relative_to(folder / BUCKET).as_posix())
            written += base * copies
    manifest = folder / BUCKET / "focus" / "metadata" / month / "focus-Manifest.json"
    manifest.parent.mkdir(parents=True)
    manifest.write_text(json.dumps({"dataFiles": [f"s3://{BUCKET}/{key}" for key in keys]}))
    return written


def serve(folder: Path, told: Connection) -> None:
    """A bucket that lists and streams; says its port."""
    objects = {file.relative_to(folder).as_posix(): file for file in folder.rglob("*") if file.is_file()}
    etags = {key: _md5(file) for key, file in objects.items()}

    class Bucket(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            url = urlsplit(self.path)
            key = unquote(url.path).removeprefix(f"/{BUCKET}").lstrip("/")
            if not key:
                said = "".join(
                    f'<Contents><Key>{name}</Key><LastModified>2026-11-02T00:00:00Z</LastModified><ETag>"{etags[name]}"'
                    f"</ETag><Size>{file.stat().st_size}</Size></Contents>"
                    for name, file in sorted(objects.items())
                )
                body = f"<ListBucketResult><IsTruncated>false</IsTruncated>{said}</ListBucketResult>".encode()
                self._begin(len(body))
                self.wfile.write(body)
                return
            self._begin(objects[key].stat().st_size, etags[key])
            with objects[key].open("rb") as handle:
                while block := handle.read(_BLOCK):
                    self.wfile.write(block)

        def _begin(self, size: int, etag: str | None = None) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(size))
            if etag is not None:
                self.send_header("ETag", f'"{etag}"')
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Bucket)
    told.send(server.server_address[1])
    server.serve_forever()


def _md5(file: Path) -> str:
    with file.open("rb") as handle:
        return hashlib.file_digest(handle, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


def measure(port: int, home: Path) -> None:
    """Mirror and convert; prints what that took."""
    os.environ |= {
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
        "AWS_ACCESS_KEY_ID": "bench",
        "AWS_SECRET_ACCESS_KEY": "bench",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    place = ExportLocation(bucket=BUCKET, prefix="focus")
    live = Live(AwsSettings(live=True, export_locations=(place,)), home, lambda: datetime.now(UTC))
    bills = LiveBills(live, home / "converted", None)
    started = time.perf_counter()
    bills.refresh(JUST_NOW)
    mirrored, at_mirror = time.perf_counter() - started, _peak()
    cpu = time.process_time()
    rows = sum(part.rows for one in bills.converted() for part in one.parts)
    took = time.perf_counter() - started - mirrored
    print(
        f"{rows} rows: mirrored in {mirrored:.0f} s with {at_mirror:.0f} MiB at most, converted in {took:.0f} s"
        f" ({time.process_time() - cpu:.0f} CPU s) with {_peak():.0f} MiB at most",
        flush=True,
    )


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    """Print one line of figures."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=2_000_000)
    options = parser.parse_args()
    spawn = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory(prefix="skyledger-bench-") as name:
        folder = Path(name)
        making = spawn.Process(target=write_month, args=(folder, options.rows))
        making.start()
        making.join()
        ours, theirs = spawn.Pipe()
        serving = spawn.Process(target=serve, args=(folder / BUCKET, theirs), daemon=True)
        serving.start()
        working = spawn.Process(target=measure, args=(ours.recv(), folder / "home"))
        working.start()
        working.join()
        serving.terminate()


if __name__ == "__main__":
    main()
