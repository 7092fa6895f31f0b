"""All config classes composed: one TOML file, environment, secret files -> `Settings`.

`load` either returns settings that every room can work with or raises one
ConfigError that names every fault with its dotted path; no message holds the
value of a secret. Each layer overrides the one before:

1. the TOML file
2. the environment: `AMENDS_HELPDESK__URL`, `AMENDS_SOURCES__<NAME>__HOST`
3. secrets from files: any secret key `x` may be given as `x_file = "/path"`
4. systemd credentials: `$CREDENTIALS_DIRECTORY/<source name>.x`, `helpdesk.x`
"""

from connector.settings.environment import PATH_VARIABLE
from connector.settings.load import DEFAULT_PATH, Reading, load, load_reading
from connector.settings.model import PracticeSettings, Settings
from connector.settings.show import masked, schema, toml

__all__ = [
    "DEFAULT_PATH",
    "PATH_VARIABLE",
    "PracticeSettings",
    "Reading",
    "Settings",
    "load",
    "load_reading",
    "masked",
    "schema",
    "toml",
]
