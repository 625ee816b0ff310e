"""Which boat an id is: whoever has the secret and the folder of the boats can tell, nobody else."""

from __future__ import annotations

from gxbridge.core.model.items import printable
from gxbridge.fleet.columns.arrow import FleetError
from gxbridge.fleet.ledger import ABOUT, read_json, target_of
from gxbridge.fleet.privacy import Privacy
from gxbridge.fleet.sources import NO_FOLDER, site_names


def names_of(data: str, folder: str, secret: bytes) -> dict[str, str]:
    """Id of a site -> its folder. Raises FleetError."""
    privacy = Privacy(secret)
    about = read_json(target_of(data), ABOUT) or {}
    if about.get("names") == "clear":
        return {}
    if about.get("fingerprint") != privacy.fingerprint:
        raise FleetError("the data set was made with another secret: name that one with --secret")
    return {privacy.id("site", name): printable(name) for name in (NO_FOLDER, *site_names(folder))}
