# Sluice: build, test, install. `make` alone lists what there is.
SHELL := /bin/bash
.SHELLFLAGS := -o pipefail -c
.DEFAULT_GOAL := help
PREFIX ?= /usr/local
SLUICE := .build/release/sluice
SOURCES := Sources Tests Package.swift

# Debian packages of the C libraries: the providers of Package.swift (ArchitectureTests compares the two).
LIBRARIES = libuv1-dev libssl-dev libcurl4-openssl-dev libpcre2-dev zlib1g-dev libzstd-dev libyaml-dev libmicrohttpd-dev librdkafka-dev pkg-config
# The same for pkg-config, where there are no Debian packages.
MODULES = libuv openssl libcurl libpcre2-8 zlib libzstd yaml-0.1 libmicrohttpd rdkafka
# What tests talk to. A test says so and is skipped where its part is missing.
TEST_PACKAGES = python3 python3-pip openssl nginx-light default-jre-headless golang-go \
	golang-github-fluent-fluent-logger-golang-dev docker.io busybox-static zsh fish kcat systemd-journal-remote prometheus \
	rsyslog logrotate libmaxminddb0 influxdb

SUDO = $(if $(filter 0,$(shell id -u)),,sudo)
APT = $(SUDO) env DEBIAN_FRONTEND=noninteractive apt-get
# The ones of $(1) that are not installed.
missing = $(shell for p in $(1); do dpkg-query -W -f='$${Status}' $$p 2>/dev/null | grep -q 'ok installed' || echo $$p; done)

# Ends a recipe that would need root and cannot become it, with the packages $(1) that an administrator has to install.
rooted = [ "$$(id -u)" = 0 ] || { command -v sudo >/dev/null && { [ -t 0 ] || sudo -n true 2>/dev/null; }; } || { \
	echo "make: these packages are missing, and you are not root: an administrator installs them with"; \
	echo "  apt-get install" $(1); exit 1; }
# Python's modules for tests: not the system's (.ci/test-dependencies).
export PYTHONPATH := $(CURDIR)/.build/python$(if $(PYTHONPATH),:$(PYTHONPATH))

.PHONY: help deps test-deps build run demo test test-faults test-long lint bench bench-quick format fuzz clean install deb docker

help: ## List these targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{ printf "  make %-12s %s\n", $$1, $$2 }'

deps: ## Install the C libraries that are missing (apt-get)
	@command -v swift >/dev/null || { echo "make: Swift 6.2 or later is needed: https://www.swift.org/install"; exit 1; }
	@need="$(call missing,$(LIBRARIES))"; [ -z "$$need" ] || pkg-config --exists $(MODULES) 2>/dev/null || { \
		command -v apt-get >/dev/null || { echo "make: no apt-get here; please install $$need"; exit 1; }; \
		$(call rooted,$$need); \
		echo "installing $$need"; $(APT) update -qq && $(APT) install -qq --no-install-recommends $$need >/dev/null; }

test-deps: deps ## Install what tests talk to, if you say yes (YES=1): Docker, nginx, Java, Go and others
	@./.ci/test-dependencies $(TEST_PACKAGES)

build: deps ## Build .build/release/sluice
	swift build -c release --static-swift-stdlib --product sluice

run: build ## Run with config/default.conf
	$(SLUICE) run -c config/default.conf

demo: build ## Show it at work
	./config/demo

# How tests are built: a module at once, which takes a quarter less CPU than `swift build` alone. With threads it has an object
# for each file, as the linker is told.
TEST_BUILD = -Xswiftc -wmo -Xswiftc -num-threads -Xswiftc 2

# Tests that keep every core busy for minutes run by themselves: those that wait for each other would wait too long.
BUSY = ^(GrokTests|SuggestTests)\.|Simulation
# Those that talk over sockets or look at a real clock do so beside nothing that is busy: a task that waits for a thread of
# Swift's pool may wait for minutes there, and when it goes on its connection is too old and its time is over.
CLOCKED = ^(KafkaTests|HTTPClientTests)\.|^OutputsTests\.(?!RealServer)|^FiltersTests\.KubernetesAPITests
# And those that hold threads while they wait, which would keep the tasks of the former from theirs.
WAITING = ^(InputsTests|EventLoopTests)\.

unit_tests = swift test --skip-build --skip '$(BUSY)|$(CLOCKED)|$(WAITING)'; \
	for group in '$(CLOCKED)' '$(WAITING)' '$(BUSY)'; do swift test --skip-build --filter "$$group"; done

# Temporary files of a run: one folder, removed at its end unless a test failed, whose issues are said once more then. Tests
# that are somebody else go through it.
own_folder = export TMPDIR=$$(mktemp -d /tmp/sluice-test.XXXXXX); chmod 711 "$$TMPDIR"; \
	rm -f $(LOGS); trap 'status=$$?; [ $$status = 0 ] && rm -rf "$$TMPDIR" || { \
	grep -ahs -A2 "recorded an issue\|^FAIL\|FAULT" $(LOGS); echo "kept: $$TMPDIR"; }; exit $$status' EXIT
LOGS = .build/test.log .build/integration.log .build/faults.log

# Where the daemons of tests keep what nobody takes.
test test-long test-faults: export STATE_DIRECTORY ?= $(CURDIR)/.build/state
test: test-deps lint build ## Lint, build, all tests, faults, real Docker, search engines and clients, conformance with Fluentd
	@set -e; $(own_folder); swift build --build-tests $(TEST_BUILD); \
		{ $(unit_tests); } 2>&1 | tee .build/test.log; ./Tests/Integration/run 2>&1 | tee .build/integration.log; \
		./Tests/Faults/run $(SLUICE) --quick 2>&1 | tee .build/faults.log; \
		echo; grep -h 'Test run with' .build/test.log; tail -1 .build/integration.log; tail -1 .build/faults.log

test-faults: build ## All attacks and accidents, kills, power failures (QUICK=1: their short forms)
	@./Tests/Faults/run $(SLUICE) $(if $(QUICK),--quick)

test-long: test-deps build ## What takes minutes: all faults, the long forms of tests, fuzzing
	@set -e; $(own_folder); ./Tests/Faults/run $(SLUICE); export SLUICE_LONG_TESTS=1; \
		swift build --build-tests $(TEST_BUILD); { $(unit_tests); } 2>&1 | tee .build/test.log; \
		SLUICE_LONG_TESTS=1 ./Tests/Integration/run load packages; ./Tests/Fuzz/run

lint:
	@swift format lint --strict --parallel -r $(SOURCES)

format: ## Format all Swift sources in place
	swift format format -i --parallel -r $(SOURCES)

bench: build ## Measure CPU, memory, events/s, acks, grok beside plain C, and hold them against their targets
	@./Tests/Benchmarks/bench --svg .build/bench.svg

bench-quick: build ## The same in less than two minutes, with less to rely on
	@./Tests/Benchmarks/bench --quick

fuzz: deps ## Feed the decoders with noise
	./Tests/Fuzz/run

clean: ## Remove what was built
	rm -rf .build

# What a command prints, below share/: all of it or, when the disk is full, nothing.
put = @file=$(DESTDIR)$(PREFIX)/share/$(2); echo "$(SLUICE) $(1) > $$file"; \
	$(SLUICE) $(1) > $$file.new && mv $$file.new $$file || { rm -f $$file.new; exit 1; }

install: build ## Install below PREFIX (/usr/local): program, man page, completions
	install -D -m 755 $(SLUICE) $(DESTDIR)$(PREFIX)/bin/sluice
	install -d $(addprefix $(DESTDIR)$(PREFIX)/share/,man/man1 bash-completion/completions zsh/site-functions \
		fish/vendor_completions.d)
	$(call put,manual,man/man1/sluice.1)
	$(call put,completion bash,bash-completion/completions/sluice)
	$(call put,completion zsh,zsh/site-functions/_sluice)
	$(call put,completion fish,fish/vendor_completions.d/sluice.fish)

deb: build ## Make .build/sluice_VERSION_ARCHITECTURE.deb: program, unit, user, configuration
	@./packaging/deb $(SLUICE) .build

docker: ## Build the image sluice:latest
	docker build -f docker/Dockerfile -t sluice .
