"""Inventory: what runs where, in one shape for all clouds."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated

from pydantic import Field, WithJsonSchema

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
    NOSQL_TABLE = "nosql_table"
    SCALING_GROUP = "scaling_group"
    DEDICATED_HOST = "dedicated_host"
    CAPACITY_RESERVATION = "capacity_reservation"
    APPLICATION_PLATFORM = "application_platform"
    WORKFLOW = "workflow"
    CONTAINER_CLUSTER = "container_cluster"
    CONTAINER_SERVICE = "container_service"
    CONTAINER_TASK = "container_task"
    CONTAINER_REGISTRY = "container_registry"
    SEARCH = "search"
    BACKUP_VAULT = "backup_vault"
    BACKUP = "backup"
    NETWORK = "network"
    NETWORK_INTERFACE = "network_interface"
    NETWORK_ENDPOINT = "network_endpoint"
    NETWORK_GATEWAY = "network_gateway"
    CONTENT_DELIVERY = "content_delivery"
    DNS_ZONE = "dns_zone"
    FIREWALL = "firewall"
    SECURITY_GROUP = "security_group"
    ENCRYPTION_KEY = "encryption_key"
    SECRET = "secret"  # noqa: S105 - a kind of resource
    CERTIFICATE_AUTHORITY = "certificate_authority"
    IDENTITY = "identity"
    ACCESS_KEY = "access_key"
    THREAT_DETECTION = "threat_detection"
    ANALYTICS_CLUSTER = "analytics_cluster"
    QUERY_ENGINE = "query_engine"
    DATA_PIPELINE = "data_pipeline"
    STREAM = "stream"
    MODEL_ENDPOINT = "model_endpoint"
    MODEL_CAPACITY = "model_capacity"
    TRAINING_JOB = "training_job"
    NOTEBOOK = "notebook"
    IOT_DEVICE = "iot_device"
    BLOCKCHAIN = "blockchain"
    QUEUE = "queue"
    TOPIC = "topic"
    API = "api"
    MONITORING = "monitoring"
    DESKTOP = "desktop"
    BUILD_PROJECT = "build_project"
    OTHER = "other"


class Resource(WireModel):
    """One resource as its cloud describes it, with what it cost in the last 30 full days where that is known.

    `resource_id` is the ResourceId of the bill, `aliases` are other names by which bills name the same resource.
    """

    resource_id: str
    aliases: tuple[str, ...] = ()
    resource_name: str | None = None
    resource_type: Annotated[ResourceType, WithJsonSchema({"type": "string"})]
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
    facts: dict[str, str] = Field(default_factory=dict, description="Configuration that cost checks ask for")
    monthly_cost: ExactDecimal | None = None
    currency: str | None = None


class ResourcePage(WireModel):
    """A page of resources in a stable order."""

    data: tuple[Resource, ...]
    pagination: Pagination
    coverage: Coverage
    freshness: tuple[Freshness, ...]
