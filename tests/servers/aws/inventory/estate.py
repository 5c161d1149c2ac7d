"""An estate in moto, made through boto3: one resource of many kinds, and under which id a bill would name it."""

import io
import json
import zipfile
from collections.abc import Callable
from typing import Any

from tests.servers.aws.inventory.conftest import ACCOUNT, REGION

Make = Callable[[Callable[[str], Any]], str]
TAGS = [{"Key": "team", "Value": "atlas"}]
EC2_TAGS = {"team": "atlas"}


def arn(service: str, rest: str) -> str:
    return f"arn:aws:{service}:{REGION}:{ACCOUNT}:{rest}"


def spec(kind: str) -> list[dict[str, Any]]:
    return [{"ResourceType": kind, "Tags": TAGS}]


def instance(of: Any) -> str:
    made = of("ec2").run_instances(ImageId="ami-12c6146b", MinCount=1, MaxCount=1, InstanceType="m5.large", TagSpecifications=spec("instance"))  # fmt: skip
    return made["Instances"][0]["InstanceId"]


def volume(of: Any) -> str:
    return of("ec2").create_volume(AvailabilityZone=f"{REGION}a", Size=40, VolumeType="gp2", TagSpecifications=spec("volume"))["VolumeId"]  # fmt: skip


def snapshot(of: Any) -> str:
    made = of("ec2").create_snapshot(VolumeId=volume(of), TagSpecifications=spec("snapshot"))
    return arn("ec2", f"snapshot/{made['SnapshotId']}")


def address(of: Any) -> str:
    made = of("ec2").allocate_address(Domain="vpc", TagSpecifications=spec("elastic-ip"))
    return arn("ec2", f"elastic-ip/{made['AllocationId']}")


def vpc(of: Any) -> str:
    made = of("ec2").create_vpc(CidrBlock="10.1.0.0/16", TagSpecifications=spec("vpc"))
    return arn("ec2", f"vpc/{made['Vpc']['VpcId']}")


def nat(of: Any) -> str:
    subnet = of("ec2").describe_subnets()["Subnets"][0]["SubnetId"]
    made = of("ec2").create_nat_gateway(SubnetId=subnet, TagSpecifications=spec("natgateway"))
    return arn("ec2", f"natgateway/{made['NatGateway']['NatGatewayId']}")


def group(of: Any) -> str:
    made = of("ec2").create_security_group(GroupName="g", Description="d", TagSpecifications=spec("security-group"))
    return arn("ec2", f"security-group/{made['GroupId']}")


def function(of: Any) -> str:
    role = of("iam").create_role(RoleName="runner", AssumeRolePolicyDocument=json.dumps({}), Path="/")["Role"]["Arn"]
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as packed:
        packed.writestr("main.py", "def handler(event, context): ...")
    return of("lambda").create_function(FunctionName="resize", Runtime="python3.12", Role=role, Handler="main.handler", Code={"ZipFile": data.getvalue()}, MemorySize=512, Tags=EC2_TAGS)["FunctionArn"]  # fmt: skip


def machine(of: Any) -> str:
    made = of("stepfunctions").create_state_machine(
        name="flow", definition=json.dumps({"StartAt": "a", "States": {"a": {"Type": "Succeed"}}}),
        roleArn=f"arn:aws:iam::{ACCOUNT}:role/runner", tags=[{"key": "team", "value": "atlas"}],
    )  # fmt: skip
    return made["stateMachineArn"]


def kubernetes(of: Any) -> str:
    made = of("eks").create_cluster(name="main", roleArn=f"arn:aws:iam::{ACCOUNT}:role/runner", resourcesVpcConfig={}, tags=EC2_TAGS)  # fmt: skip
    return made["cluster"]["arn"]


def ecs_cluster(of: Any) -> str:
    return of("ecs").create_cluster(clusterName="jobs", tags=[{"key": "team", "value": "atlas"}])["cluster"][
        "clusterArn"
    ]


def ecs_service(of: Any) -> str:
    cluster = ecs_cluster(of)
    of("ecs").register_task_definition(family="web", containerDefinitions=[{"name": "web", "image": "web", "memory": 64}])  # fmt: skip
    return of("ecs").create_service(cluster=cluster, serviceName="web", taskDefinition="web", desiredCount=2, tags=[{"key": "team", "value": "atlas"}])["service"]["serviceArn"]  # fmt: skip


def repository(of: Any) -> str:
    return of("ecr").create_repository(repositoryName="images", tags=TAGS)["repository"]["repositoryArn"]


def database(of: Any) -> str:
    return of("rds").create_db_instance(DBInstanceIdentifier="orders", DBInstanceClass="db.t3.medium", Engine="postgres", AllocatedStorage=50, MasterUsername="u", MasterUserPassword="long-enough", Tags=TAGS)["DBInstance"]["DBInstanceArn"]  # fmt: skip


def aurora(of: Any) -> str:
    made = of("rds").create_db_cluster(DBClusterIdentifier="ledger", Engine="aurora-postgresql", MasterUsername="u", MasterUserPassword="long-enough", Tags=TAGS)["DBCluster"]  # fmt: skip
    return arn("rds", f"cluster:{made['DbClusterResourceId']}")


def warehouse(of: Any) -> str:
    of("redshift").create_cluster(ClusterIdentifier="facts", NodeType="ra3.xlplus", MasterUsername="u", MasterUserPassword="Long-enough-1", Tags=TAGS)  # fmt: skip
    return arn("redshift", "cluster:facts")


def table(of: Any) -> str:
    return of("dynamodb").create_table(TableName="events", BillingMode="PAY_PER_REQUEST", AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}], KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}], Tags=TAGS)["TableDescription"]["TableArn"]  # fmt: skip


def cache(of: Any) -> str:
    return of("elasticache").create_cache_cluster(CacheClusterId="sessions", CacheNodeType="cache.t3.small", Engine="redis", NumCacheNodes=1, Tags=TAGS)["CacheCluster"]["ARN"]  # fmt: skip


def search(of: Any) -> str:
    return of("opensearch").create_domain(DomainName="logs", ClusterConfig={"InstanceType": "m6g.large.search", "InstanceCount": 2}, TagList=TAGS)["DomainStatus"]["ARN"]  # fmt: skip


def memory(of: Any) -> str:
    return of("memorydb").create_cluster(ClusterName="fast", NodeType="db.t4g.small", ACLName="open-access", Tags=TAGS)["Cluster"]["ARN"]  # fmt: skip


def bucket(of: Any) -> str:
    of("s3").create_bucket(Bucket="atlas-files", CreateBucketConfiguration={"LocationConstraint": REGION})
    of("s3").put_bucket_tagging(Bucket="atlas-files", Tagging={"TagSet": TAGS})
    return "atlas-files"


def files(of: Any) -> str:
    return of("efs").create_file_system(CreationToken="t", Tags=TAGS)["FileSystemArn"]


def fsx(of: Any) -> str:
    subnet = of("ec2").describe_subnets()["Subnets"][0]["SubnetId"]
    return of("fsx").create_file_system(FileSystemType="LUSTRE", StorageCapacity=1200, SubnetIds=[subnet], Tags=TAGS)["FileSystem"]["ResourceARN"]  # fmt: skip


def vault(of: Any) -> str:
    return of("backup").create_backup_vault(BackupVaultName="vault", BackupVaultTags=EC2_TAGS)["BackupVaultArn"]


def balancer(of: Any) -> str:
    subnets = [one["SubnetId"] for one in of("ec2").describe_subnets()["Subnets"][:2]]
    return of("elbv2").create_load_balancer(Name="front", Subnets=subnets, Tags=TAGS)["LoadBalancers"][0]["LoadBalancerArn"]  # fmt: skip


def classic(of: Any) -> str:
    of("elb").create_load_balancer(LoadBalancerName="old", Listeners=[{"Protocol": "tcp", "LoadBalancerPort": 80, "InstancePort": 80}], AvailabilityZones=[f"{REGION}a"])  # fmt: skip
    return arn("elasticloadbalancing", "loadbalancer/old")


def endpoint(of: Any) -> str:
    found = of("ec2").describe_vpcs()["Vpcs"][0]["VpcId"]
    made = of("ec2").create_vpc_endpoint(VpcId=found, ServiceName=f"com.amazonaws.{REGION}.s3", TagSpecifications=spec("vpc-endpoint"))  # fmt: skip
    return arn("ec2", f"vpc-endpoint/{made['VpcEndpoint']['VpcEndpointId']}")


def transit(of: Any) -> str:
    return of("ec2").create_transit_gateway(Description="hub", TagSpecifications=spec("transit-gateway"))["TransitGateway"]["TransitGatewayArn"]  # fmt: skip


def zone(of: Any) -> str:
    made = of("route53").create_hosted_zone(Name="example.org", CallerReference="r")["HostedZone"]["Id"]
    number = made.rsplit("/", 1)[-1]
    of("route53").change_tags_for_resource(ResourceType="hostedzone", ResourceId=number, AddTags=TAGS)
    return f"arn:aws:route53:::hostedzone/{number}"


def key(of: Any) -> str:
    return of("kms").create_key(Tags=[{"TagKey": "team", "TagValue": "atlas"}])["KeyMetadata"]["Arn"]


def secret(of: Any) -> str:
    return of("secretsmanager").create_secret(Name="token", SecretString="x", Tags=TAGS)["ARN"]


def user(of: Any) -> str:
    return of("iam").create_user(UserName="robot", Tags=TAGS)["User"]["Arn"]


def detector(of: Any) -> str:
    return arn("guardduty", f"detector/{of('guardduty').create_detector(Enable=True, Tags=EC2_TAGS)['DetectorId']}")


def stream(of: Any) -> str:
    of("kinesis").create_stream(StreamName="clicks", ShardCount=2)
    of("kinesis").add_tags_to_stream(StreamName="clicks", Tags=EC2_TAGS)
    return arn("kinesis", "stream/clicks")


def workgroup(of: Any) -> str:
    of("athena").create_work_group(Name="analysts", Tags=TAGS)
    return arn("athena", "workgroup/analysts")


def glue_job(of: Any) -> str:
    of("glue").create_job(Name="nightly", Role="r", Command={"Name": "glueetl"}, WorkerType="G.1X", NumberOfWorkers=4)
    return arn("glue", "job/nightly")


def emr(of: Any) -> str:
    made = of("emr").run_job_flow(Name="spark", Instances={"MasterInstanceType": "m5.xlarge", "InstanceCount": 2, "SlaveInstanceType": "m5.xlarge", "KeepJobFlowAliveWhenNoSteps": True}, JobFlowRole="r", ServiceRole="r", Tags=TAGS)  # fmt: skip
    return of("emr").describe_cluster(ClusterId=made["JobFlowId"])["Cluster"]["ClusterArn"]


def notebook(of: Any) -> str:
    return of("sagemaker").create_notebook_instance(NotebookInstanceName="lab", InstanceType="ml.t3.medium", RoleArn=f"arn:aws:iam::{ACCOUNT}:role/runner", Tags=TAGS)["NotebookInstanceArn"]  # fmt: skip


def thing(of: Any) -> str:
    return of("iot").create_thing(thingName="sensor")["thingArn"]


def queue(of: Any) -> str:
    of("sqs").create_queue(QueueName="work", tags=EC2_TAGS)
    return arn("sqs", "work")


def topic(of: Any) -> str:
    return of("sns").create_topic(Name="alerts", Tags=TAGS)["TopicArn"]


def logs(of: Any) -> str:
    of("logs").create_log_group(logGroupName="/app/web", tags=EC2_TAGS)
    return arn("logs", "log-group:/app/web")


def member(of: Any) -> str:
    made = of("managedblockchain").create_network(
        Name="net", Framework="HYPERLEDGER_FABRIC", FrameworkVersion="1.2",
        FrameworkConfiguration={"Fabric": {"Edition": "STARTER"}},
        VotingPolicy={"ApprovalThresholdPolicy": {"ThresholdPercentage": 50, "ProposalDurationInHours": 24, "ThresholdComparator": "GREATER_THAN_OR_EQUAL_TO"}},
        MemberConfiguration={"Name": "us", "FrameworkConfiguration": {"Fabric": {"AdminUsername": "admin", "AdminPassword": "Password123"}}},
    )  # fmt: skip
    return made["MemberId"]


UNTAGGED = frozenset(
    {"AWS::ElasticLoadBalancing::LoadBalancer", "AWS::Glue::Job", "AWS::IoT::Thing", "AWS::Logs::LogGroup"}
)
"""Kinds that are made here without tags, or whose tags moto's tagging API does not know."""

ESTATE: dict[str, tuple[Make, dict[str, str]]] = {
    "AWS::EC2::Instance": (instance, {"architecture": "x86_64", "tenancy": "default"}),
    "AWS::EC2::Volume": (volume, {"encrypted": "false"}),
    "AWS::EC2::Snapshot": (snapshot, {"encrypted": "false"}),
    "AWS::EC2::EIP": (address, {"domain": "vpc"}),
    "AWS::EC2::VPC": (vpc, {"cidr": "10.1.0.0/16"}),
    "AWS::EC2::NatGateway": (nat, {}),
    "AWS::EC2::SecurityGroup": (group, {"ingress_rules": "0"}),
    "AWS::EC2::VPCEndpoint": (endpoint, {"service": f"com.amazonaws.{REGION}.s3"}),
    "AWS::EC2::TransitGateway": (transit, {"description": "hub"}),
    "AWS::Lambda::Function": (function, {"memory_mib": "512", "architecture": "x86_64"}),
    "AWS::StepFunctions::StateMachine": (machine, {}),
    "AWS::EKS::Cluster": (kubernetes, {}),
    "AWS::ECS::Cluster": (ecs_cluster, {}),
    "AWS::ECS::Service": (ecs_service, {"desired": "2"}),
    "AWS::ECR::Repository": (repository, {"lifecycle_policy": "no"}),
    "AWS::RDS::DBInstance": (database, {"engine": "postgres", "multi_az": "false"}),
    "AWS::RDS::DBCluster": (aurora, {"engine": "aurora-postgresql"}),
    "AWS::Redshift::Cluster": (warehouse, {"nodes": "1"}),
    "AWS::DynamoDB::Table": (table, {"items": "0"}),
    "AWS::ElastiCache::CacheCluster": (cache, {"engine": "redis", "nodes": "1"}),
    "AWS::OpenSearchService::Domain": (search, {"instances": "2"}),
    "AWS::MemoryDB::Cluster": (memory, {"shards": "1"}),
    "AWS::S3::Bucket": (bucket, {"lifecycle_rules": "0", "versioning": "Off"}),
    "AWS::EFS::FileSystem": (files, {"mount_targets": "0"}),
    "AWS::FSx::FileSystem": (fsx, {}),
    "AWS::Backup::BackupVault": (vault, {"recovery_points": "0"}),
    "AWS::ElasticLoadBalancingV2::LoadBalancer": (balancer, {"target_groups": "0"}),
    "AWS::ElasticLoadBalancing::LoadBalancer": (classic, {"instances": "0"}),
    "AWS::Route53::HostedZone": (zone, {"private": "false"}),
    "AWS::KMS::Key": (key, {"enabled": "true"}),
    "AWS::SecretsManager::Secret": (secret, {}),
    "AWS::IAM::User": (user, {}),
    "AWS::GuardDuty::Detector": (detector, {}),
    "AWS::Kinesis::Stream": (stream, {"shards": "2"}),
    "AWS::Athena::WorkGroup": (workgroup, {}),
    "AWS::Glue::Job": (glue_job, {"workers": "4"}),
    "AWS::EMR::Cluster": (emr, {}),
    "AWS::SageMaker::NotebookInstance": (notebook, {}),
    "AWS::IoT::Thing": (thing, {}),
    "AWS::SQS::Queue": (queue, {}),
    "AWS::SNS::Topic": (topic, {}),
    "AWS::Logs::LogGroup": (logs, {"bytes": "0"}),
}
