"""An unmodified client of schema registries against a running platform (Q10)."""

import json

import pytest
from live import platform, run_cli

registry = pytest.importorskip(
    "confluent_kafka.schema_registry", reason="needs confluent-kafka[schemaregistry]"
)
ORDER = "order_completed"


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    """The shop with its schemas published."""
    with platform(tmp_path_factory.mktemp("registry") / "shop") as live:
        run_cli(live.directory, "schema", "publish")
        live.wait_for("is taken over")
        with registry.SchemaRegistryClient(
            {
                "url": f"{live.url}/registry",
                "basic.auth.user.info": f"{live.key('srv', 'shop_server')}:",
            }
        ) as made:
            yield made


def test_the_client_lists_and_reads(client):
    assert ORDER in client.get_subjects()
    assert client.get_versions(ORDER) == [1]
    latest = client.get_latest_version(ORDER)
    assert json.loads(latest.schema.schema_str)["title"] == "Order Completed"
    assert client.get_schema(latest.schema_id).schema_str == latest.schema.schema_str


def test_the_client_finds_a_schema_and_asks_whether_another_may_follow(client):
    latest = client.get_latest_version(ORDER)
    assert client.lookup_schema(ORDER, latest.schema).version == 1
    assert client.test_compatibility(ORDER, latest.schema)
    document = json.loads(latest.schema.schema_str)
    document["properties"]["total"] = {"type": "string"}
    narrower = registry.Schema(json.dumps(document), "JSON")
    assert not client.test_compatibility(ORDER, narrower)


def test_the_client_hears_what_is_not_there(client):
    with pytest.raises(registry.SchemaRegistryError) as told:
        client.get_latest_version("nothing")
    assert (told.value.http_status_code, told.value.error_code) == (404, 40401)


def test_the_client_registers_a_version_and_chooses_a_mode(client):
    text = json.dumps({"title": "Order Paid", "properties": {"order_id": {"type": "string"}}})
    number = client.register_schema("order_paid", registry.Schema(text, "JSON"))
    assert client.register_schema("order_paid", registry.Schema(text, "JSON")) == number
    assert client.get_latest_version("order_paid").schema_id == number
    client.set_compatibility("order_paid", "BACKWARD")
    assert client.get_compatibility("order_paid") == "BACKWARD"
