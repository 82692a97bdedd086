"""The thinking of the assistant: dataclass in, dataclass out; no Flask, no database, no queue."""

import os

# Many replies run side by side on few cores: a matrix library with threads of its own only makes them wait for each
# other (a query took 40 times longer on a busy machine). It reads these variables when it loads, which is after this.
for _variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_variable, "1")

# What reads labels (onnxruntime) would number this machine and report its use to its maker; read when it loads, too.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
