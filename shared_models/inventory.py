"""Inventory: what runs where, in one shape for all clouds."""

from datetime import datetime
from enum import StrEnum

from pydantic import Field

from shared_models.base import WireModel
from shared_models.coverage import Coverage, Freshness
from shared_models.money import ExactDecimal
from shared_models.page import Pagination


class ResourceType(StrEnum):
    """Kinds of resources, named by what they are, not by a cloud's product."""

    VIRTUAL_MACHINE = "virtual_machine"
    BLOCK_VOLUME = "block_volume"
    SNAPSHOT = "snapshot"
    IP_ADDRESS = "ip_address"
    LOAD_BALANCER = "load_balancer"
    NAT_GATEWAY = "nat_gateway"
    DATABASE = "database"
    CACHE = "cache"
    OBJECT_STORE = "object_store"
    FILE_SYSTEM = "file_system"
    KUBERNETES_CLUSTER = "kubernetes_cluster"
    FUNCTION = "function"
    WAREHOUSE = "warehouse"
    LOG_STORE = "log_store"
    MACHINE_IMAGE = "machine_image"
    OTHER = "other"


class Resource(WireModel):
    """One resource as its cloud describes it, with what it cost in the last 30 full days where that is known."""

    resource_id: str
    resource_name: str | None = None
    resource_type: ResourceType
    native_type: str
    provider: str
    sub_account_id: str
    region_id: str | None = None
    availability_zone: str | None = None
    state: str | None = None
    created_at: datetime | None = None
    sku: str | None = None
    size_gib: float | None = None
    attached_to: str | None = None
    unattached_since: datetime | None = None
    tags: dict[str, str] = Field(default_factory=dict)
    monthly_cost: ExactDecimal | None = None
    currency: str | None = None


class ResourcePage(WireModel):
    """A page of resources in a stable order."""

    data: tuple[Resource, ...]
    pagination: Pagination
    coverage: Coverage
    freshness: tuple[Freshness, ...]
