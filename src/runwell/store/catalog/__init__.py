"""PostgreSQL's system catalog over the documented relations, for clients that look into it."""

from runwell.store.catalog.catalog import Catalog, WithCatalog

__all__ = ["Catalog", "WithCatalog"]
