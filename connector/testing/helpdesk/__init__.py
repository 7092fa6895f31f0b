"""The contract of every helpdesk: inherit `HelpdeskContract`, give it a world, it is tested.

A world is the product on the other side, real or simulated, as a test can arrange and
examine it without the plugin::

    class TestDjangoHelpdesk(HelpdeskContract):
        @pytest.fixture
        def world(self, site):
            return SiteWorld(site)
"""

import pytest

pytest.register_assert_rewrite(
    *(
        f"{__name__}.{part}"
        for part in (
            "world",
            "opening",
            "doubt",
            "work",
            "access",
            "provisioning",
            "changes",
            "straits",
        )
    )
)

from connector.testing.helpdesk.access import AccessContract  # noqa: E402 - rewritten from here on
from connector.testing.helpdesk.changes import ChangesContract  # noqa: E402 - likewise
from connector.testing.helpdesk.doubt import DoubtContract  # noqa: E402 - likewise
from connector.testing.helpdesk.opening import OpeningContract  # noqa: E402 - likewise
from connector.testing.helpdesk.provisioning import ProvisioningContract  # noqa: E402 - likewise
from connector.testing.helpdesk.straits import StraitsContract  # noqa: E402 - likewise
from connector.testing.helpdesk.work import WorkContract  # noqa: E402 - likewise
from connector.testing.helpdesk.world import HelpdeskWorld, SeenNote  # noqa: E402 - likewise

__all__ = ["HelpdeskContract", "HelpdeskWorld", "SeenNote"]


class HelpdeskContract(
    OpeningContract,
    DoubtContract,
    WorkContract,
    AccessContract,
    ProvisioningContract,
    ChangesContract,
    StraitsContract,
):
    """What holds for every helpdesk; each test is one promise of `Helpdesk`."""
