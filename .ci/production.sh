#!/usr/bin/env bash
# The suite on the versions of production: Debian's PostgreSQL 15 and Redis 7, given by address, and the operators' own
# programs, which the tests of monitoring/ run where they are. Without the browser's tests, without the launcher's, which
# bring servers of their own, and without the folders that touch no server and have had their run in `make test`.
# What cannot be installed is said, and gone on without; what is installed and does not start is a fault.
set -u
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1

PACKAGES=(postgresql redis-server prometheus prometheus-alertmanager prometheus-postgres-exporter
    prometheus-redis-exporter prometheus-node-exporter nginx openssl docker-compose)
FOLDER=$(mktemp -d) || exit 1
LEFT_OUT=(browser launcher assistant fakes benchmarks demo)
REDIS_PID=""
POLICY=/usr/sbin/policy-rc.d
POLICY_MADE=""
POSTGRES_BIN=""

install_packages() {
    if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null 2>&1; then
        echo "production: packages cannot be installed from here (root and apt-get are needed)" >&2
        return 0
    fi
    # A package must not start a server of its own: it would hold the port a test or an operator wants.
    local log=$FOLDER/apt.log package
    if [ ! -e "$POLICY" ] && printf '#!/bin/sh\nexit 101\n' >"$POLICY"; then
        chmod 755 "$POLICY"
        POLICY_MADE=yes
    fi
    apt-get update >"$log" 2>&1 </dev/null
    if ! apt-get install -y --no-install-recommends "${PACKAGES[@]}" >>"$log" 2>&1 </dev/null; then
        for package in "${PACKAGES[@]}"; do
            apt-get install -y --no-install-recommends "$package" >>"$log" 2>&1 </dev/null ||
                echo "production: $package could not be installed" >&2
        done
    fi
    allow_services
}

allow_services() {
    [ -z "$POLICY_MADE" ] || rm -f "$POLICY"
    POLICY_MADE=""
}

# PostgreSQL refuses root; the user Debian's package makes, or whoever runs this.
as_database_user() {
    if [ "$(id -u)" -eq 0 ]; then
        setpriv --reuid=postgres --regid=postgres --init-groups -- "$@"
    else
        "$@"
    fi
}

free_port() {
    python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

servers_are_here() {
    POSTGRES_BIN=$(find /usr/lib/postgresql -maxdepth 2 -name bin -type d 2>/dev/null | sort -V | tail -n 1)
    [ -x "$POSTGRES_BIN/initdb" ] && [ -x "$POSTGRES_BIN/postgres" ] && command -v redis-server >/dev/null 2>&1
}

start_postgres() {
    local port password=$1
    port=$(free_port)
    mkdir "$FOLDER/postgres"
    (umask 077 && printf %s "$password" >"$FOLDER/password")
    if [ "$(id -u)" -eq 0 ]; then
        chmod 711 "$FOLDER"
        chown postgres:postgres "$FOLDER/postgres" "$FOLDER/password"
    fi
    as_database_user "$POSTGRES_BIN/initdb" -D "$FOLDER/postgres/data" -U postgres --pwfile="$FOLDER/password" \
        --auth=scram-sha-256 --encoding=UTF8 --locale=C.UTF-8 >"$FOLDER/initdb.log" 2>&1 || return 1
    as_database_user "$POSTGRES_BIN/pg_ctl" -D "$FOLDER/postgres/data" -l "$FOLDER/postgres/log" -w start -o \
        "-p $port -k $FOLDER/postgres -c listen_addresses=127.0.0.1 -c fsync=off -c max_connections=300" \
        >"$FOLDER/start.log" 2>&1 || return 1
    # As in production: a role that owns its databases and is no superuser.
    PGPASSWORD=$password "$POSTGRES_BIN/psql" -h 127.0.0.1 -p "$port" -U postgres -q \
        <<<"CREATE ROLE sav LOGIN CREATEDB PASSWORD '$password'" || return 1
    TEST_DATABASE_URL="postgresql://sav:$password@127.0.0.1:$port/postgres"
}

start_redis() {
    local port password=$1
    port=$(free_port)
    (umask 077 && printf 'bind 127.0.0.1\nport %s\nrequirepass %s\ndir %s\nsave ""\n' "$port" "$password" "$FOLDER" \
        >"$FOLDER/redis.conf")
    redis-server "$FOLDER/redis.conf" >"$FOLDER/redis.log" 2>&1 &
    REDIS_PID=$!
    TEST_REDIS_URL="redis://:$password@127.0.0.1:$port/0"
    local tries
    for tries in $(seq 50); do
        (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null && return 0
        kill -0 "$REDIS_PID" 2>/dev/null || return 1
        sleep 0.1
    done
    echo "production: redis did not answer after $tries tries" >&2
    return 1
}

clean_up() {
    allow_services
    if [ -d "$FOLDER/postgres/data" ]; then
        as_database_user "$POSTGRES_BIN/pg_ctl" -D "$FOLDER/postgres/data" -m immediate -w stop >/dev/null 2>&1
    fi
    if [ -n "$REDIS_PID" ]; then
        kill "$REDIS_PID" 2>/dev/null
        wait "$REDIS_PID" 2>/dev/null
    fi
    rm -rf "$FOLDER"
}
trap clean_up EXIT

export DEBIAN_FRONTEND=noninteractive
install_packages
if ! servers_are_here; then
    echo "production: PostgreSQL or Redis of Debian is not here; the suite is not run on them" >&2
    exit 0
fi
secret=$(python3 -c 'import secrets; print(secrets.token_hex(24))')
if ! start_postgres "$secret" || ! start_redis "$secret"; then
    echo "production: PostgreSQL or Redis of Debian did not start" >&2
    tail -n 5 "$FOLDER"/*.log "$FOLDER/postgres/log" 2>/dev/null >&2
    exit 1
fi
export TEST_DATABASE_URL TEST_REDIS_URL
echo "production: $("$POSTGRES_BIN/postgres" --version), $(redis-server --version | cut -d' ' -f1-3)"
make test ARGS="${LEFT_OUT[*]/#/--ignore=tests/}"
