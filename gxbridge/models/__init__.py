"""The BMS models as knowledge: what each offers, when it is the right one, and what an installation may ask of it.
`models.yaml` enters; nothing of a running service is known here."""

from gxbridge.models.bms_model import BmsModel, Catalogue, CatalogueError
from gxbridge.models.catalogue_file import catalogue, load

__all__ = ["Catalogue", "CatalogueError", "BmsModel", "catalogue", "load"]
