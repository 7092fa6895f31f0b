# amends: type `make` to see what can be made here.
#
# Needs make, a Python of 3.11 or newer and its pip; no root, nothing else. The first target
# makes .venv from requirements.lock (every package pinned by hash) and the checkout itself;
# later ones touch it again only when requirements.lock or pyproject.toml changed.
#
#   PYTHON=/usr/bin/python3.12   the interpreter for .venv (else the first good one found)
#   ARGS="..."                   options for the program that the target runs

.DEFAULT_GOAL := help
.PHONY: help .venv demo test lint bench model safety campaign month format lock install clean

bin := .venv/bin

help: ## list these targets
	@echo 'usage: make TARGET [PYTHON=...] [ARGS="..."]'
	@awk -F ':.*## ' '/^[.a-z-]+:.*## / { printf "  %-8s %s\n", $$1, $$2 }' Makefile

.venv: ## make or refresh the virtual environment that all other targets use
	@if [ -n "$$PYTHON" ]; then set -- "$$PYTHON"; \
	else set -- python3.13 python3.12 python3.11 python3; fi; \
	seen=; \
	for python do \
	    version=$$("$$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>&1) || continue; \
	    case $$version in \
	    3.1[1-9] | 3.[2-9][0-9]) exec "$$python" tools/make_venv.py --python "$$python" $${PYTHON:+--exactly} ;; \
	    esac; \
	    seen="$$seen, $$python is $$version"; \
	done; \
	echo "amends needs Python 3.11 or newer$${seen:-, none was found}: install one, or name it with make PYTHON=/path/to/python3.11" >&2; \
	exit 1

demo: .venv ## watch a complaint become a ticket, with a real mailbox and a real helpdesk on this machine
	@$(bin)/amends demo $(ARGS)

test: lint ## everything that must hold: lint, then all tests (ARGS go to pytest)
	@$(bin)/python -m pytest --numprocesses=auto --dist=worksteal $(ARGS)

lint: .venv ## what a machine can see without running the program: style, types, floors, dependencies
	@$(bin)/ruff check --quiet .
	@$(bin)/ruff format --check --quiet .
	@$(bin)/mypy --no-error-summary
	@$(bin)/lint-imports --no-cache --no-logo
	@$(bin)/deptry --no-ansi .

bench: .venv ## measure beside django-helpdesk's get_email, sqlite3 and the mail server (ARGS="--only NAME", --quick)
	-@$(bin)/uv pip install --quiet --python $(bin)/python --group peers --group train
	@PYTHONPATH=tests $(bin)/python -m bench --json build/bench.json $(ARGS)

model: .venv ## train the comment model anew (needs the public comments: ARGS="--data FILE")
	@$(bin)/uv pip install --quiet --python $(bin)/python --group train
	@$(bin)/python tools/train_comments.py $(ARGS)

safety: .venv ## train the safety model anew (needs the public comments: ARGS="--data FILE")
	@$(bin)/uv pip install --quiet --python $(bin)/python --group train
	@$(bin)/python tools/train_safety.py $(ARGS)

campaign: .venv ## kill the daemon and lie to it thousands of times, then judge the helpdesk's own records (about an hour; ARGS="--helpdesk zendesk" or freshdesk: simulated)
	@PYTHONPATH=tests $(bin)/python -m campaign $(ARGS)
	@$(bin)/python -m campaign.report build

month: .venv ## live through a simulated month and compute every clock, rung, tag and page a second time
	@PYTHONPATH=tests $(bin)/python -m campaign.month $(ARGS)

format: .venv ## let ruff mend and format what it can
	@$(bin)/ruff check --quiet --fix-only .
	@$(bin)/ruff format .

lock: .venv ## write requirements.lock anew from pyproject.toml (ARGS=--upgrade takes newer versions)
	@$(bin)/uv pip compile pyproject.toml --output-file requirements.lock --quiet \
	    --universal --fork-strategy fewest --python-version 3.11 --no-python-downloads \
	    --all-extras --group build --generate-hashes --no-emit-index-url --no-header $(ARGS)

install: .venv ## install what a service needs, and no more, under PREFIX=/opt/amends
	@$(bin)/python tools/install.py "$(or $(PREFIX),/opt/amends)"

clean: ## remove all that make made, the virtual environment too
	@rm -rf .venv .bootstrap .demo build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
