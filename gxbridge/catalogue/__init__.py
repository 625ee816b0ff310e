"""The BMS models as knowledge: what each offers, when it is the right one, and what an installation may ask of it."""

from gxbridge.catalogue.load import catalogue, load
from gxbridge.catalogue.model import Catalogue, CatalogueError, Model

__all__ = ["Catalogue", "CatalogueError", "Model", "catalogue", "load"]
