"""Models: which exist, which are here, which one is used, and how they get here."""

from localsearch.models.adding import add_model, add_models, add_packaged_model
from localsearch.models.bundle import bundle_models
from localsearch.models.catalogue import CatalogueEntry, Role, catalogue, find_entry, get_entry
from localsearch.models.choose import resolve_embedder, resolve_reranker, use_model
from localsearch.models.installed import InstalledModel
from localsearch.models.listing import ModelState, advise, list_models
from localsearch.models.opening import open_embedder, open_reranker
from localsearch.models.pull import pull_model
from localsearch.models.removing import remove_model
from localsearch.models.verify import names_in_use, verify_model

__all__ = [
    "CatalogueEntry",
    "InstalledModel",
    "ModelState",
    "Role",
    "add_model",
    "add_models",
    "add_packaged_model",
    "advise",
    "bundle_models",
    "catalogue",
    "find_entry",
    "get_entry",
    "list_models",
    "names_in_use",
    "open_embedder",
    "open_reranker",
    "pull_model",
    "remove_model",
    "resolve_embedder",
    "resolve_reranker",
    "use_model",
    "verify_model",
]
