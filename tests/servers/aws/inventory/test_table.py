"""The table of resource types agrees with the services' own models: operations, arguments, paging and every path."""

from functools import cache
from typing import Any

import botocore.session
import pytest
from botocore import xform_name
from botocore.exceptions import UnknownServiceError
from botocore.model import OperationModel, StructureShape

from servers.aws.commitments import RESERVED, Reserved
from servers.aws.inventory.table import Step, TypeRow, holes, resource_types
from servers.aws.recommendations.optimizer import Judged, judged
from shared_models.inventory import ResourceType
from tests.servers.aws.inventory.shapes import SCALAR, Listed, kind_of

ROWS = resource_types()
FAMILIES = {
    "compute": ["EC2::Instance", "AutoScaling::AutoScalingGroup", "EC2::Volume", "EC2::Snapshot", "EC2::Image", "EC2::EIP", "EC2::Host"],
    "serverless": ["Lambda::Function", "ECS::Task", "StepFunctions::StateMachine"],
    "containers": ["EKS::Cluster", "ECS::Cluster", "ECS::Service", "ECR::Repository"],
    "databases": ["RDS::DBInstance", "RDS::DBCluster", "Redshift::Cluster", "DynamoDB::Table", "ElastiCache::CacheCluster", "OpenSearchService::Domain", "DocDB::DBCluster", "Neptune::DBCluster", "MemoryDB::Cluster"],
    "storage": ["S3::Bucket", "EFS::FileSystem", "FSx::FileSystem", "Backup::BackupVault", "Backup::RecoveryPoint"],
    "networking": ["EC2::VPC", "EC2::NatGateway", "ElasticLoadBalancingV2::LoadBalancer", "ElasticLoadBalancing::LoadBalancer", "EC2::VPCEndpoint", "EC2::TransitGateway", "CloudFront::Distribution", "Route53::HostedZone", "DirectConnect::Connection"],
    "security": ["KMS::Key", "SecretsManager::Secret", "EC2::SecurityGroup", "IAM::User", "IAM::AccessKey", "GuardDuty::Detector", "WAFv2::WebACL"],
    "analytics": ["EMR::Cluster", "Athena::WorkGroup", "Glue::Job", "Kinesis::Stream", "MSK::Cluster", "KinesisFirehose::DeliveryStream"],
    "machine learning": ["SageMaker::Endpoint", "SageMaker::NotebookInstance", "Bedrock::ProvisionedModelThroughput"],
    "things and chains": ["IoT::Thing", "GreengrassV2::CoreDevice", "ManagedBlockchain::Member", "ManagedBlockchain::Node"],
    "messaging": ["SQS::Queue", "SNS::Topic", "AmazonMQ::Broker"],
}  # fmt: skip


@cache
def session() -> Any:
    return botocore.session.get_session()


@cache
def operations(service: str) -> dict[str, OperationModel]:
    model = session().get_service_model(service)
    return {xform_name(name): model.operation_model(name) for name in model.operation_names}


@cache
def paginated(service: str, call: str) -> bool:
    try:
        model = session().get_paginator_model(service)
        model.get_paginator(operations(service)[call].name)
    except (ValueError, UnknownServiceError, Exception) as error:
        if type(error).__name__ not in {"ValueError", "UnknownServiceError", "DataNotFoundError"}:
            raise
        return False
    return True


@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_that_bills_is_in_the_table(family: str):
    known = {row.native_type for row in ROWS}

    assert [name for name in FAMILIES[family] if f"AWS::{name}" not in known] == []


def test_the_table_has_at_least_sixty_types_and_uses_every_new_word_of_the_vocabulary():
    assert len(ROWS) >= 60
    assert set(ResourceType) - {row.kind for row in ROWS} == {ResourceType.OTHER}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.native_type)
def test_a_row_says_only_what_the_services_models_know(row: TypeRow):
    item: Any = None
    parent: Any = {}
    for number, step in enumerate(row.steps):
        check_arguments(row.service, step, parent)
        check_paging(row.service, step, single=number > 0)
        found = kind_of(step.items, answer(row.service, step.call))
        item = {**opened(found.of if isinstance(found, Listed) else found), "_parent": parent}
        parent = item
    check_reading(row, {**item, "_id": SCALAR})


def check_arguments(service: str, step: Step, parent: Any) -> None:
    shape = operations(service)[step.call].input_shape
    members = shape.members if isinstance(shape, StructureShape) else {}
    given = {*step.arguments, *step.each, *step.many}
    assert given <= set(members)
    assert set(shape.required_members if isinstance(shape, StructureShape) else ()) <= given
    for path in (*step.each.values(), *step.many.values()):
        kind_of(path, parent)


def check_paging(service: str, step: Step, *, single: bool) -> None:
    """An operation without paginator says how it is paged or why not; one about a single resource needs no reason."""
    model = operations(service)[step.call]
    members = set(model.output_shape.members)
    inputs = set(model.input_shape.members)
    if step.token is not None:
        assert not paginated(service, step.call), "a paginator is there now"
        assert step.token[0] in inputs
        assert step.token[1] in members
    elif step.after is not None:
        assert not paginated(service, step.call), "a paginator is there now"
        assert step.after[0] in inputs
        kind_of(step.after[1], model.output_shape)
        assert step.after[2] in members
    elif not paginated(service, step.call):
        tokens = {name for name in members if name.lower() in {"nexttoken", "marker", "nextmarker", "token"}}
        assert not tokens, f"{step.call} pages by {tokens}"
        assert step.unpaged or single, f"{step.call} has no paginator: say why"
    if step.unpaged:
        assert not paginated(service, step.call), "a paginator is there now"


def check_reading(row: TypeRow, item: Any) -> None:
    for template in (row.id, *row.aliases):
        for hole in holes(template):
            kind_of(hole, item)
    for path in (row.where, row.region, row.name, row.created, row.state, row.zone, row.sku, row.size_gib, row.attached_to, row.tags, *row.facts.values()):  # fmt: skip
        if path is not None:
            kind_of(path, item)
    if row.tag_call is not None:
        check_arguments(row.service, row.tag_call, item)
        kind_of(row.tag_call.items, answer(row.service, row.tag_call.call))
    for also in row.also:
        members = operations(row.service)[also.call].input_shape.members
        assert set(also.each) <= set(members)
        for path in also.each.values():
            kind_of(path, item)
        for path in also.facts.values():
            kind_of(path, answer(row.service, also.call))


def answer(service: str, call: str) -> Any:
    return operations(service)[call].output_shape


def opened(kind: Any) -> dict[str, Any]:
    if isinstance(kind, dict):
        return kind
    if isinstance(kind, StructureShape):
        return dict(kind.members)
    # A map by attribute name (SQS) has members that no model lists.
    return AnyName(kind)


class AnyName(dict[str, Any]):
    def __init__(self, kind: Any) -> None:
        super().__init__(dict.fromkeys(kind.key.enum, SCALAR))


@pytest.mark.parametrize("kind", judged(), ids=lambda kind: kind.name)
def test_what_compute_optimizer_judges_is_read_where_its_model_has_it(kind: Judged):
    found = kind_of(f"{kind.items}[]", answer("compute-optimizer", kind.call))
    item = opened(found.of)
    # What is idle has no options: the finding itself says what is saved.
    option = item if kind.options == "[@]" else opened(kind_of(f"{kind.options}[]", item).of)

    told = (kind.arn, kind.finding, kind.type, kind.idle, kind.current, kind.reasons, kind.metrics, kind.lookback)
    assert all(kind_of(path, item) is not None for path in told if path is not None)
    assert kind_of(kind.recommended, option) is not None


@pytest.mark.parametrize("kind", RESERVED, ids=lambda kind: kind.service)
def test_a_reservation_is_read_where_its_model_has_it(kind: Reserved):
    item = opened(kind_of(f"{kind.items}[]", answer(kind.service, kind.call)).of)

    members = set(answer(kind.service, kind.call).members)
    assert (
        paginated(kind.service, kind.call)
        or (kind.token and kind.token[1] in members)
        or not members & {"NextToken", "Marker"}
    )
    for path in (kind.name, kind.count, kind.start, kind.upfront, kind.recurring, kind.payment, kind.what, kind.seconds, kind.currency, *holes(kind.id)):  # fmt: skip
        kind_of(path, item)
