"""The test kit: contract suites that plugins inherit, fakes that pass them, builders."""
