# `make` lists the targets. Everything is installed into .venv; nothing else on the machine is touched but, where apt-get
# runs without asking, Tesseract's Korean data and a Korean font (ML_SERVER_NO_APT=1 to leave those alone).
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

BIN := .venv/bin
HTTP_PORT ?= 3000
GRPC_PORT ?= 50051
# Passed on: make serve ARGS="--engine tesseract", make test ARGS="-k overlay"
ARGS ?=
# Most tests wait for processes to start, so two at a time take a good half of the time, on two cores too. A worker that
# dies ends the run: xdist would queue its finished files for the next one, and then wait for ever for their tests.
WORKERS ?= 2

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# The stamp makes every later run quick: pip runs again only when one of these files is newer.
.venv/.installed: pyproject.toml constraints.txt scripts/setup.sh
	@bash scripts/setup.sh

.PHONY: setup
setup: .venv/.installed ## install everything into .venv; a second run takes seconds
	@bash scripts/system_data.sh

.PHONY: serve
serve: setup ## start the server: HTTP on 3000 and gRPC on 50051 (HTTP_PORT=, GRPC_PORT=, ARGS=)
	@exec $(BIN)/ml-server serve --http-port $(HTTP_PORT) --grpc-port $(GRPC_PORT) $(ARGS)

.PHONY: demo
demo: setup ## read both sample invoices: by curl if the server is running, else without one; drawings into demo/
	@HTTP_PORT=$(HTTP_PORT) bash scripts/demo.sh

.PHONY: test
test: setup ## run the tests (ARGS="-k name"), two files at a time (WORKERS=0 for one after the other)
	@bash scripts/promtool.sh
	@$(BIN)/pytest -n $(WORKERS) --dist loadfile --max-worker-restart 0 $(ARGS)

.PHONY: check
check: setup ## lint, formatting, types, stale gRPC stubs, proto and Dockerfile rules
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python scripts/generate_protos.py --check
	$(BIN)/python scripts/generate_docs.py --check
	$(BIN)/python scripts/image_requirements.py --check
	$(BIN)/buf lint
	$(BIN)/hadolint Dockerfile.gpu

.PHONY: format
format: setup ## rewrite the code the way `check` wants it
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

.PHONY: proto
proto: setup ## generate the gRPC stubs from protos/
	$(BIN)/python scripts/generate_protos.py
	$(BIN)/buf lint

.PHONY: requirements
requirements: setup ## write the images' pinned requirements, deploy/requirements.txt
	$(BIN)/python scripts/image_requirements.py

.PHONY: docs
docs: setup ## generate the reference pages and build the site into build/site
	$(BIN)/python scripts/generate_docs.py
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

.venv/.bench: .venv/.installed
	@$(BIN)/python -m pip install -qq -c constraints.txt -e '.[bench]'
	@$(BIN)/python -m pip install -qq -c constraints.txt --force-reinstall --no-deps opencv-python-headless
	@touch $@

.PHONY: bench
bench: setup .venv/.bench ## measure under load and against peers, 20 minutes (ARGS="--long", ARGS="--only speed")
	@$(BIN)/python -m benchmarks all $(ARGS)

.venv/.fuzz: .venv/.installed
	@$(BIN)/python -m pip install -qq -c constraints.txt -e '.[fuzz]'
	@touch $@

.PHONY: fuzz
fuzz: setup .venv/.fuzz ## fuzz the decoder and the HTTP API for two minutes (docs/security.md)
	$(BIN)/python fuzz/decode.py
	$(BIN)/python fuzz/http_schema.py --max-time 60

.PHONY: samples
samples: setup ## render samples/ anew
	$(BIN)/python scripts/render_samples.py

.PHONY: bento
bento: setup ## build the bento, as `bentoml containerize` wants it
	$(BIN)/bentoml build

.PHONY: images
images: setup ## build the images by chroot and try them, as root, before a release (ARGS="cpu gpu bento")
	@bash scripts/build_images.sh $(ARGS)

.PHONY: constraints
constraints: ## write constraints.txt anew from the newest releases that pyproject.toml allows
	@bash scripts/constraints.sh

.PHONY: clean
clean: ## remove .venv and everything that was built
	rm -rf .venv .venv-bootstrap build dist demo *.egg-info .mypy_cache .ruff_cache .pytest_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
