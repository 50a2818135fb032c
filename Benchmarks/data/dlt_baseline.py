"""Loads a CSV into Postgres with dlt, as its documentation advises for speed: Arrow batches in, COPY out. Prints seconds.

  python dlt_baseline.py CSV SOCKET_FOLDER
"""
import os, sys, tempfile, time
from urllib.parse import quote

file, socket = sys.argv[1:]
home = tempfile.mkdtemp(prefix="aker-dlt-", dir=os.path.dirname(file))
os.environ.update({"DLT_DATA_DIR": home, "RUNTIME__DLTHUB_TELEMETRY": "false", "RUNTIME__LOG_LEVEL": "ERROR"})

import dlt
import pyarrow as pa
import pyarrow.csv

TEXTS = ["area_fips", "own_code", "industry_code", "size_code", "disclosure_code"]


@dlt.resource(name="bench_dlt", primary_key=TEXTS[:4], write_disposition="replace")
def rows():
    options = pa.csv.ConvertOptions(column_types={name: pa.string() for name in TEXTS}, strings_can_be_null=True)
    with pa.csv.open_csv(file, read_options=pa.csv.ReadOptions(block_size=16 << 20), convert_options=options) as batches:
        for batch in batches:
            yield batch


begin = time.monotonic()
credentials = {"host": quote(socket, safe=""), "port": 5432, "username": "aker", "password": "trusted", "database": "postgres"}
pipeline = dlt.pipeline("bench", destination=dlt.destinations.postgres(credentials), dataset_name="bench_dlt",
                        pipelines_dir=home)
pipeline.run(rows(), loader_file_format="csv")
print(time.monotonic() - begin)
