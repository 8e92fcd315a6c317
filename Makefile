# For a fresh machine with Python 3.10 or newer: `make demo` and `make test`.
#
# Both install exactly what requirements/*.txt name, checked by hash; `make demo LOCK=` takes the
# newest packages instead. `make lock` renews those files.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
LOCK ?= yes
# What `make test` and the like install: test, tensorflow (the same, TensorFlow, SPSDK and pyOCD),
# or farm.
SET ?= test
# Two processes more than there are cores: some tests wait for a line. Few of the quick ones do, and
# each process takes seconds to begin.
JOBS ?= $(shell $(PYTHON) -c 'import os; print((os.cpu_count() or 1) + 2)')
QUICK_JOBS ?= $(shell $(PYTHON) -c 'import os; print((os.cpu_count() or 1) + 1)')
PYTEST_ARGS ?= -n $(JOBS) --dist loadfile --no-loadscope-reorder
# What `make quick` leaves out as a whole.
HEAVY := benchmarks e2e evaluate firmware_host measure quantize sdk
# What `make check` looks at, less what .clang-format-ignore names.
C_FILES = $(shell find firmware tests -name '*.c' -o -name '*.cc' -o -name '*.h')
# Of `make nightly`: where the search starts, how often, how many spoiled models, how many seconds
# of libFuzzer for each target, how many images of the soak.
SEED ?=
ROUNDS ?= 5
MODELS ?= 20000
FUZZ_SECONDS ?= 600
SOAK_IMAGES ?= 10000

PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
PYTEST = $(BIN)/python -m pytest $(PYTEST_ARGS)
NEWEST := $(if $(LOCK),,-newest)
DEMO := $(VENV)/.demo$(NEWEST)
TEST := $(VENV)/.$(SET)$(NEWEST)

.PHONY: demo test quick full pages nightly fuzz soak arm64 test-newest farm farm-tests check bench docs site \
    screenshots dist sbom lock clean

demo: $(DEMO)
	$(BIN)/mcuzoo demo

# Some minutes; without what is marked `full`.
test: $(TEST)
	$(PYTEST)

# Under a minute on two cores: no builds, no emulated runs, no line that has to be waited for.
quick: JOBS = $(QUICK_JOBS)
quick: $(TEST)
	$(PYTEST) -m 'not full and not slow' $(foreach folder,$(HEAVY),--ignore=tests/$(folder))

# Everything but what `make pages` runs.
full: $(TEST)
	$(PYTEST) -m 'not pages' --hypothesis-profile=full

# What a reader types: the command blocks of every page, the examples, the notebook, the workflows
# that `mcuzoo init` writes.
pages: $(TEST)
	$(PYTEST) -m pages

# Random searches of hypothesis, libFuzzer's (where there is clang), and a long run on a bad line.
# hypothesis's seed is printed; SEED=N searches the same again.
nightly: $(TEST)
	@seed=$(or $(SEED),$$(date +%s)); \
	echo "hypothesis: $(ROUNDS) rounds; the same again: make nightly SEED=$$seed"; \
	MCUZOO_NIGHTLY_MODELS=$(MODELS); export MCUZOO_NIGHTLY_MODELS; \
	for round in $$(seq $(ROUNDS)); do \
	    echo "round $$round: --hypothesis-profile=nightly --hypothesis-seed=$$seed"; \
	    $(PYTEST) -m hypothesis --timeout=7200 \
	        --hypothesis-profile=nightly --hypothesis-seed=$$seed || exit 1; \
	    seed=$$((seed + 1)); unset MCUZOO_NIGHTLY_MODELS; \
	done
	$(MAKE) fuzz soak arm64

# The Python agent of boards with Linux on an emulated AArch64, where Debian's packages can be had.
arm64: $(TEST)
	@python=$$($(BIN)/python tools/linux_arm64.py build/arm64) || exit 0; \
	MCUZOO_ARM64_PYTHON=$$python $(PYTEST) -m "" tests/link/test_agent_on_arm64.py

# What it finds stays in build/fuzz.
fuzz: $(TEST)
	PYTHONPATH=tests $(BIN)/python tests/fuzz/fuzz.py --seconds $(FUZZ_SECONDS)

soak: $(TEST)
	rm -rf build/soak
	$(BIN)/python benchmarks/soak.py --images $(SOAK_IMAGES) --out build/soak

# Do the newest packages still work? In an environment of its own.
test-newest:
	$(MAKE) VENV=.venv-newest LOCK= demo
	$(MAKE) VENV=.venv-newest LOCK= quick

# Board farms, in an environment of their own: labgrid brings a serial/ that replaces pyserial's.
# The link's tests run there, too.
farm:
	$(MAKE) VENV=.venv-farm SET=farm farm-tests

farm-tests: $(TEST)
	MCUZOO_REQUIRE_FARM=1 $(BIN)/python -m pytest -m 'full or not full' tests/farm
	$(PYTEST) tests/link

check: $(TEST)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy --platform linux
	$(BIN)/mypy --platform darwin -p mcuzoo
	$(BIN)/mypy --platform win32 -p mcuzoo
	$(BIN)/clang-format --dry-run -Werror $(C_FILES)

# The site of docs/ in build/site, without a network once its generator is there; a link or an anchor
# that leads nowhere is an error. In an environment of its own, of Python 3.11 or newer.
docs:
	$(MAKE) VENV=.venv-docs site

site: $(VENV)/.docs
	rm -rf build/site
	$(BIN)/zensical build --strict
	@echo "python3 -m http.server --directory build/site"

$(VENV)/.docs: requirements/docs.txt
	$(PYTHON) -m venv $(VENV)
	$(PIP) --require-hashes --requirement $<
	touch $@

# The pictures of README and docs, from a run on the emulated board and Chromium.
screenshots: $(TEST)
	$(BIN)/python tools/screenshots.py

# The table of benchmarks/README.md; BENCH_ARGS="--tflm DIR" measures TFLite-Micro, too.
bench: $(TEST)
	$(BIN)/python benchmarks/bench.py $(BENCH_ARGS)

# sdist and wheel of the newest commit, built twice and compared, in dist/ with their SHA-256.
dist: $(VENV)-dist/.build
	rm -rf dist
	$(VENV)-dist/bin/python tools/release.py --out dist

# The same with the packages that `make demo` installs as a CycloneDX document: the wheel and they are
# installed into an environment that has nothing else.
sbom: dist $(VENV)-dist/.release
	rm -rf $(VENV)-sbom
	$(PYTHON) -m venv --without-pip $(VENV)-sbom
	$(INTO_SBOM) --require-hashes --no-build-isolation --requirement requirements/demo.txt
	$(INTO_SBOM) --no-deps dist/*.whl
	$(VENV)-dist/bin/python tools/release_sbom.py --python $(VENV)-sbom/bin/python --out dist

INTO_SBOM = $(VENV)-dist/bin/python -m pip install --quiet --disable-pip-version-check \
    --ignore-installed --no-warn-script-location --prefix $(VENV)-sbom

$(VENV)-dist/.build $(VENV)-dist/.release: $(VENV)-dist/.%: requirements/%.txt
	test -d $(VENV)-dist || $(PYTHON) -m venv $(VENV)-dist
	$(VENV)-dist/bin/python -m pip install --quiet --disable-pip-version-check \
	    --require-hashes --requirement $<
	touch $@

$(VENV)/.demo $(VENV)/.$(SET): $(VENV)/.%: requirements/%.txt requirements/build.txt pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(PIP) --require-hashes --requirement requirements/build.txt
	$(PIP) --require-hashes --no-build-isolation --requirement $<
	$(PIP) --no-deps --no-build-isolation --editable .
	touch $@

$(VENV)/.demo-newest $(VENV)/.$(SET)-newest: $(VENV)/.%-newest: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(PIP) --upgrade --upgrade-strategy eager --editable '.[$(if $(filter demo,$*),demo,test,$*)]'
	touch $@

# For every Python that is supported and every system; LOCK_ARGS=--upgrade takes newer packages.
COMPILE = $(VENV)-lock/bin/uv pip compile --quiet --universal --python-version 3.10 \
    --generate-hashes --no-emit-index-url --no-header --no-annotate $(LOCK_ARGS)

lock:
	$(PYTHON) -m venv $(VENV)-lock
	$(VENV)-lock/bin/python -m pip install --quiet --disable-pip-version-check --upgrade uv
	$(COMPILE) pyproject.toml --extra test --output-file requirements/test.txt
	$(COMPILE) pyproject.toml --extra demo --constraint requirements/test.txt \
	    --output-file requirements/demo.txt
	$(COMPILE) pyproject.toml --extra test --extra tensorflow --extra flash --group notebook \
	    --constraint requirements/test.txt --output-file requirements/tensorflow.txt
	$(COMPILE) pyproject.toml --extra demo --extra engines --extra farm --group farm-test \
	    --constraint requirements/test.txt --override requirements/farm-override.txt \
	    --output-file requirements/farm.txt
	$(subst 3.10,3.11,$(COMPILE)) --group docs --output-file requirements/docs.txt
	$(COMPILE) --group build --constraint requirements/tensorflow.txt \
	    --output-file requirements/build.txt
	$(COMPILE) --group release --constraint requirements/tensorflow.txt \
	    --output-file requirements/release.txt

clean:
	rm -rf $(VENV) $(VENV)-dist $(VENV)-lock $(VENV)-sbom .venv-newest .venv-farm .venv-docs build dist
