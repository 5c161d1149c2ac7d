"""Who gets a token from the local authority, and what Resource Manager does with it: azure-identity's own credentials."""

from pathlib import Path

import pytest
import trustme
from azure.core.exceptions import ClientAuthenticationError, HttpResponseError
from azure.identity import (
    CertificateCredential,
    ClientSecretCredential,
    DefaultAzureCredential,
    DeviceCodeCredential,
    ManagedIdentityCredential,
    WorkloadIdentityCredential,
)
from azure.mgmt.resource.subscriptions import SubscriptionClient

from tests.clouds.azure.endpoint import Endpoint
from tests.clouds.azure.identity import STORAGE
from tests.clouds.azure.ledger import Ledger


def subscriptions(azure: Endpoint, credential) -> set[str]:
    with SubscriptionClient(credential, **azure.arm()) as client:
        return {one.subscription_id for one in client.subscriptions.list()}


def of_tenant(ledger: Ledger, tenant: str) -> set[str]:
    return {one.id for one in ledger.subscriptions if one.tenant == tenant}


def test_each_tenant_shows_its_own_subscriptions(azure: Endpoint) -> None:
    for tenant in azure.ledger.tenants:
        assert subscriptions(azure, azure.credential(tenant)) == of_tenant(azure.ledger, tenant)


def test_default_credential_reads_the_environment(azure_here: Endpoint) -> None:
    with DefaultAzureCredential(disable_instance_discovery=True) as credential:
        assert subscriptions(azure_here, credential) == of_tenant(azure_here.ledger, azure_here.ledger.home)


def test_a_workload_signs_in_with_the_token_of_its_own_issuer(azure: Endpoint, tmp_path: Path) -> None:
    azure.identities.federated_tokens.add("a token of the cluster")
    file = tmp_path / "token"
    file.write_text("a token of the cluster", encoding="utf-8")
    known = {"tenant_id": azure.ledger.home, "client_id": azure.identities.client, "token_file_path": str(file)}

    assert subscriptions(azure, WorkloadIdentityCredential(**known, **azure.authority()))

    file.write_text("a token of somebody else", encoding="utf-8")
    with pytest.raises(ClientAuthenticationError, match="AADSTS700213"):
        subscriptions(azure, WorkloadIdentityCredential(**known, **azure.authority()))


def test_a_registered_certificate_signs_in(azure: Endpoint) -> None:
    rsa = trustme.KeyType.RSA
    issued = trustme.CA(key_type=rsa).issue_cert("skyledger-reader.example", key_type=rsa)
    pem = issued.private_key_pem.bytes() + issued.cert_chain_pems[0].bytes()
    credential = CertificateCredential(
        azure.ledger.home, azure.identities.client, certificate_data=pem, **azure.authority()
    )
    with pytest.raises(ClientAuthenticationError):
        subscriptions(azure, credential)

    azure.identities.certificates.append(issued.cert_chain_pems[0].bytes())

    assert subscriptions(azure, credential)


def test_a_device_code_waits_for_its_user(azure: Endpoint) -> None:
    said: list[str] = []

    def prompt(_: str, code: str, __: object) -> None:
        said.append(code)
        azure.identities.device_codes.update(dict.fromkeys(azure.identities.device_codes, True))

    credential = DeviceCodeCredential(
        azure.identities.client, tenant_id=azure.ledger.home, prompt_callback=prompt, **azure.authority()
    )

    assert subscriptions(azure, credential)
    assert said == ["QUILLHAVN"]


def test_a_managed_identity_gets_its_token_from_its_host(azure: Endpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IDENTITY_ENDPOINT", f"{azure.url}/msi/token")
    monkeypatch.setenv("IDENTITY_HEADER", azure.managed_identity_header)

    assert subscriptions(azure, ManagedIdentityCredential(connection_verify=azure.certificate.authority))


def test_a_tenant_that_does_not_know_the_application_refuses_it(azure: Endpoint) -> None:
    azure.identities.tenants.discard(azure.ledger.guest)

    with pytest.raises(ClientAuthenticationError, match="AADSTS700016"):
        subscriptions(azure, azure.credential(azure.ledger.guest))
    assert subscriptions(azure, azure.credential())


def test_a_wrong_secret_and_an_unknown_tenant_are_refused(azure: Endpoint) -> None:
    with pytest.raises(ClientAuthenticationError, match="AADSTS7000215"):
        subscriptions(
            azure, ClientSecretCredential(azure.ledger.home, azure.identities.client, "guess", **azure.authority())
        )
    with pytest.raises(ClientAuthenticationError, match="AADSTS90002"):
        subscriptions(azure, azure.credential("00000000-0000-0000-0000-000000000000"))


def test_a_token_that_is_nearly_over_is_renewed(azure: Endpoint) -> None:
    azure.identities.lifetime = 200
    credential = azure.credential()

    subscriptions(azure, credential)
    subscriptions(azure, credential)

    assert len(azure.identities.issued) == 2


def test_a_token_for_storage_does_not_open_resource_manager(azure: Endpoint) -> None:
    arm = azure.arm() | {"credential_scopes": [f"{STORAGE}/.default"]}
    with SubscriptionClient(azure.credential(), **arm) as client, pytest.raises(HttpResponseError) as caught:
        list(client.subscriptions.list())

    assert caught.value.error.code == "InvalidAuthenticationTokenAudience"


def test_the_authority_comes_back_after_a_while(azure: Endpoint) -> None:
    azure.authority_down = 1

    assert subscriptions(azure, azure.credential(retry_backoff_factor=0))
