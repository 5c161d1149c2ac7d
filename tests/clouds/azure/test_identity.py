"""Who gets a token from the local authority, and what Resource Manager does with it: azure-identity's own credentials."""

import pytest
from azure.core.exceptions import ClientAuthenticationError, HttpResponseError
from azure.identity import CertificateCredential, DefaultAzureCredential, DeviceCodeCredential, ManagedIdentityCredential, WorkloadIdentityCredential
from azure.mgmt.managementgroups import ManagementGroupsMgmtClient
from azure.mgmt.resource.subscriptions import SubscriptionClient

from tests.clouds.azure.endpoint import Endpoint
from tests.clouds.azure.identity import ARM
from tests.clouds.azure.ledger import Ledger


def subscriptions(azure: Endpoint, credential) -> set[str]:
    with SubscriptionClient(credential, **azure.arm()) as client:
        return {one.subscription_id for one in client.subscriptions.list()}


def of_tenant(ledger: Ledger, tenant: str) -> set[str]:
    return {one.id for one in ledger.subscriptions if one.tenant == tenant}


def test_each_tenant_shows_its_own_subscriptions(azure: Endpoint) -> None:
    for tenant in azure.ledger.tenants:
        assert subscriptions(azure, azure.credential(tenant)) == of_tenant(azure.ledger, tenant)
