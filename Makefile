# Every verb is a command of the launcher (launcher/), which makes the virtual environment and does the rest.
# Only python3 >= 3.11 with venv is needed.

SHELL := /bin/sh
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

# `make ingest PATH=...` takes the name of the variable by which programs are found. What was given goes to the
# launcher as INGEST_PATH, as written; PATH becomes again what make itself was started with.
ifeq ($(origin PATH),command line)
  export INGEST_PATH := $(value PATH)
  override PATH := $(or $(shell command -p tr '\0' '\n' < /proc/$$PPID/environ | command -p sed -n 's/^PATH=//p'),/usr/local/bin:/usr/bin:/bin)
endif

PYTHON ?= python3
export ARGS CORPUS QUESTIONS MODEL SECONDS SEED MESSAGES SHORT ONLY

# exec: a signal sent by make reaches the launcher itself.
launcher = @exec $(PYTHON) -m launcher

.PHONY: help run test check ingest evaluate bench chaos doctor

help: ## print this
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "  make %-9s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

run: ## start everything here and print ready: http://localhost:PORT (PORT=8000 DATA_DIR=./var DEMO=no); Ctrl-C stops it
	$(launcher) run

test: ## run the whole test suite (ARGS="more pytest arguments")
	$(launcher) test

check: ## lint, types, import rules
	$(launcher) check

ingest: ## bring files or folders into the knowledge of the running application (PATH="a.pdf folder")
	$(launcher) ingest

evaluate: ## quality on given files (CORPUS=a.jsonl QUESTIONS=b.jsonl MODEL=extractive)
	$(launcher) evaluate

bench: ## our figures beside those of small opponents, as JSON lines (SHORT=yes: under two minutes; ONLY=web)
	$(launcher) bench

chaos: ## kill everything at random in a private copy, and count what was lost (SECONDS=60 SEED=1 MESSAGES=500)
	$(launcher) chaos

doctor: ## say in plain words what is missing or wrong and how to mend it
	$(launcher) doctor
