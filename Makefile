# `make` alone lists what there is.
SWIFT ?= swift
# The program of the tests itself: `swift test` looks through the whole package first.
TESTS = .build/debug/akerPackageTests.xctest --testing-library swift-testing --disable-xctest
CHAOS = AKER_CHAOS_SECONDS=$$(( 60 * $(or $(MINUTES),4) )) $(if $(SEED),AKER_CHAOS_SEED=$(SEED)) $(TESTS) \
  --filter '^PipelineTests\.ChaosTests'
# debug or release
CONFIGURATION ?= debug
BIN = .build/$(CONFIGURATION)

.PHONY: help setup build check test lint format schema api demo clean-demo bench-queue bench-data bench-files bench-scale bench-dashboard bench-peers test-failover fuzz explore screenshots proof chaos dist clean test-hosts check-deploy images test-owner try-deploy

help: ## This list
	@awk -F':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup:
	@scripts/setup

build: setup ## Build aker, aker-worker, aker-confine and source-simulator into .build/$(CONFIGURATION)
	@$(SWIFT) build --configuration $(CONFIGURATION)

# Rooms whose tests start no worker and ask no source.
quick = Base Catalog Console Coordinator Engine HTTP Lineage Postgres Quality Settings Telemetry

check: lint ## The inner loop: lint, build, and the rooms whose tests start no worker
	@scripts/setup --tests
	@$(SWIFT) build --build-tests
	@failed=; for room in $(quick); do SWIFT=$(SWIFT) scripts/test $$room || failed="$$failed $$room"; done; \
	  test -z "$$failed" || { echo "check: failed:$$failed" >&2; exit 1; }

test: ## Install what is missing, build, run every test
	@scripts/setup --tests
	@$(SWIFT) build --build-tests
	@SWIFT=$(SWIFT) scripts/test

lint: ## Check the format of the sources
	@$(SWIFT) format lint --strict --recursive --parallel Package.swift Sources Tests

format: ## Format the sources
	@$(SWIFT) format --in-place --recursive --parallel Package.swift Sources Tests

schema: ## Write down the structure that migrations/ makes (Tests/PostgresTests/schema.sql), which a test compares
	@scripts/schema

api: ## Write down the API's document (docs/api/openapi.json), which a test compares
	@$(SWIFT) build --build-tests
	@AKER_WRITE_OPENAPI=1 $(TESTS) --filter '^ServiceTests\.DocumentTests/theDocumentInDocs' >/dev/null || true
	@git diff --stat docs/api/openapi.json

demo: build ## Backfill all that is recorded with two workers on an embedded database, and show what happened
	@BIN=$(BIN) scripts/demo $(DEMO)

clean-demo: ## Stop the demo's processes and remove all it made
	@BIN=$(BIN) scripts/clean-demo

fuzz: ## Give every parser what nobody would write: FUZZ=seconds for each (60), SEED=a number to do the same again
	@scripts/setup --tests
	@$(SWIFT) build --build-tests
	@AKER_FUZZ_SECONDS=$(or $(FUZZ),60) $(if $(SEED),AKER_FUZZ_SEED=$(SEED)) $(TESTS) --filter '^FuzzTests\.'
	@$(TESTS) --filter '^(EngineTests\.HostileSQLTests|PipelineTests\.HostileWorldTests|EnvironmentTests\.WorkerLoginTests|EnvironmentTests\.WorkerGrantTests)'

bench-queue: setup ## Measure the queue against bare baselines in the same run
	@$(SWIFT) build --configuration release --static-swift-stdlib --product aker-worker
	@$(SWIFT) build --configuration release --product aker-confine
	@Benchmarks/queue/run

bench-scale: setup ## Measure what must stay flat: ten thousand partitions, a thousand lanes and workers, two million finished tasks
	@$(SWIFT) build --configuration release --product aker
	@Benchmarks/scale/run

bench-dashboard: setup ## Measure the dashboard's grid: time, bytes, requests, when it is painted
	@scripts/setup --tests
	@$(SWIFT) build --configuration release --product aker
	@Benchmarks/dashboard/run

bench-peers: setup ## Measure other queues on Postgres in the same way, as far as they install from PyPI
	@Benchmarks/peers/run

test-failover: ## A pool at work on two servers that Patroni keeps: a switchover, a killed leader (three minutes)
	@scripts/setup --tests
	@$(SWIFT) build --build-tests
	@AKER_TEST_FAILOVER=1 $(TESTS) --filter '^PipelineTests\.PatroniTests'

explore: ## Try every call of the queue from every state of a small world, and show that mistakes in the SQL are found: EXPLORE=calls
	@scripts/setup --tests
	@$(SWIFT) build --build-tests
	@AKER_MUTANTS=1 AKER_EXPLORE=$(or $(EXPLORE),100000) $(TESTS) --filter '^ExplorationTests\.'

test-owner: ## The queue's tests as on a managed server: the database's owner is no superuser
	@scripts/setup --tests
	@$(SWIFT) build --build-tests
	@AKER_TEST_OWNER=1 $(TESTS) --filter '^QueueTests\.'

check-deploy: ## Hold deploy/ to the tools that read it: systemd, docker-compose, promtool, hadolint, schemas of Kubernetes
	@scripts/setup --tests
	@scripts/check-deploy

test-hosts: ## A pool on ten hosts (network namespaces) through cuts, crashes and a full disk (root; six minutes)
	@scripts/setup --tests
	@$(SWIFT) build --build-tests
	@scripts/test-hosts

images: dist ## Container images of both programs below dist/images, built twice and run here (root)
	@scripts/images --run

chaos: ## A pool at work under random faults in pairs: MINUTES=4, SEED=a number for the same faults again
	@scripts/setup --tests
	@$(SWIFT) build --build-tests
	@$(CHAOS)

screenshots: build ## Write pictures of the dashboard's pages (docs/images has four of them) into SHOTS (.aker/screenshots)
	@scripts/setup --tests
	@BIN=$(BIN) scripts/screenshots $(or $(SHOTS),.aker/screenshots)

proof: ## The model of publication and its broken variants, the queue's SQL explored, runs of it against the model, chaos, fuzz (eight minutes)
	@scripts/setup --tests
	@$(SWIFT) build --build-tests
	@SWIFT="$(SWIFT)" EXPLORE="$(EXPLORE)" FUZZ="$(FUZZ)" MINUTES="$(MINUTES)" SEED="$(SEED)" scripts/proof

try-deploy: ## Follow docs/deploy.md with the package of `make dist`, as a stranger with a Debian host would (root; a minute)
	@scripts/try-deploy

dist: setup ## A release tarball and a .deb below dist/, which need no Swift where they are installed
	@SWIFT=$(SWIFT) scripts/dist

bench-data: setup ## Measure a partition of ten million rows against its parts done bare
	@$(SWIFT) build --configuration release --static-swift-stdlib --product aker-worker
	@$(SWIFT) build --configuration release --static-swift-stdlib --product source-simulator
	@$(SWIFT) build --configuration release --product aker-confine
	@Benchmarks/data/run

bench-files: setup ## Measure thirty zipped files of 500 MB: time against curl, unzip and DuckDB, and the disk they take (FILES, MEGABYTES)
	@$(SWIFT) build --configuration release --static-swift-stdlib --product aker-worker
	@$(SWIFT) build --configuration release --static-swift-stdlib --product aker
	@$(SWIFT) build --configuration release --static-swift-stdlib --product source-simulator
	@$(SWIFT) build --configuration release --product aker-confine
	@Benchmarks/data/files --files $(or $(FILES),30) --megabytes $(or $(MEGABYTES),500)

clean: ## Remove what was built
	@rm -rf .build
