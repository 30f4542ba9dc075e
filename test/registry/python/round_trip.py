"""Confluent's client for Python: registers, sends and reads an order in one schema language.

usage: round_trip.py BOOTSTRAP REGISTRY TOPIC avro|json|protobuf prefix|header [OTHER_ID]
Prints what it read as JSON. With OTHER_ID, the id of a schema of another subject, the topic is
expected to refuse what is not of its own: how each was refused is printed, too.
"""
import json
import sys

from confluent_kafka import DeserializingConsumer, Producer, SerializingProducer
from confluent_kafka.schema_registry import SchemaRegistryClient
from confluent_kafka.schema_registry import header_schema_id_serializer
from confluent_kafka.schema_registry.avro import AvroDeserializer, AvroSerializer
from confluent_kafka.schema_registry.json_schema import JSONDeserializer, JSONSerializer
from confluent_kafka.schema_registry.protobuf import ProtobufDeserializer, ProtobufSerializer
from confluent_kafka.serialization import MessageField, SerializationContext
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

bootstrap, registry, topic, language, place = sys.argv[1:6]
other_id = int(sys.argv[6]) if len(sys.argv) > 6 else None
client = SchemaRegistryClient({"url": f"http://{registry}"})
order = {"id": "o-1", "cents": 1250}

avro = json.dumps({
    "type": "record", "name": "Order", "namespace": "shop",
    "fields": [{"name": "id", "type": "string"}, {"name": "cents", "type": "int"}],
})
json_schema = json.dumps({
    "$schema": "http://json-schema.org/draft-07/schema#", "title": "Order", "type": "object",
    "additionalProperties": False,
    "properties": {"id": {"type": "string"}, "cents": {"type": "integer"}},
    "required": ["id", "cents"],
})


def message_class():
    file = descriptor_pb2.FileDescriptorProto(name="shop/order.proto", package="shop", syntax="proto3")
    message = file.message_type.add(name="Order")
    kinds = descriptor_pb2.FieldDescriptorProto
    message.field.add(name="id", number=1, type=kinds.TYPE_STRING, label=kinds.LABEL_OPTIONAL)
    message.field.add(name="cents", number=2, type=kinds.TYPE_INT32, label=kinds.LABEL_OPTIONAL)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("shop.Order"))


conf = {"schema.id.serializer": header_schema_id_serializer} if place == "header" else {}
if language == "avro":
    value, serialize, deserialize = order, AvroSerializer(client, avro, conf=conf), AvroDeserializer(client)
elif language == "json":
    value = order
    serialize = JSONSerializer(json_schema, client, conf=conf)
    deserialize = JSONDeserializer(json_schema, schema_registry_client=client)
else:
    Order = message_class()
    value = Order(**order)
    serialize = ProtobufSerializer(Order, client, {"use.deprecated.format": False, **conf})
    deserialize = ProtobufDeserializer(Order, {"use.deprecated.format": False}, client)

producer = SerializingProducer({"bootstrap.servers": bootstrap, "value.serializer": serialize})
failures = []
producer.produce(topic, key=None, value=value, headers=[], on_delivery=lambda e, m: e and failures.append(str(e)))
producer.flush(30)
assert not failures, failures


def refusals():
    """What is told of records that name a schema that is not there, another subject's, or lie."""
    plain = Producer({"bootstrap.servers": bootstrap})
    told, context = [], SerializationContext(topic, MessageField.VALUE, [])
    raw = serialize(value, context)

    def sent(schema_id=None, cut=False):
        own, named = raw, dict(context.headers)
        if schema_id is not None:
            framed = b"\0" + schema_id.to_bytes(4, "big") + b"\0"[:language == "protobuf"]
            if place == "header":
                named["__value_schema_id"] = framed
            else:
                own = framed + raw[len(framed):]
        own = own[:-1] if cut else own
        plain.produce(topic, value=own, headers=list(named.items()),
                      on_delivery=lambda e, m: told.append(e and e.name()))
        plain.flush(30)

    sent(1_000_000)
    sent(other_id)
    sent(cut=True)
    sent()
    return told


consumer = DeserializingConsumer({
    "bootstrap.servers": bootstrap, "group.id": f"{topic}-readers", "auto.offset.reset": "earliest",
    "value.deserializer": deserialize,
})
consumer.subscribe([topic])
message = None
for _ in range(60):
    message = consumer.poll(1)
    if message is not None:
        break
assert message is not None, "nothing was read"
assert message.error() is None, message.error()
read = message.value()
consumer.close()
if language == "protobuf":
    read = {"id": read.id, "cents": read.cents}
latest = client.get_latest_version(f"{topic}-value")
headers = sorted(name for name, _ in message.headers() or [])
answer = {"read": read, "version": latest.version, "headers": headers}
if other_id is not None:
    answer["told"] = refusals()
print(json.dumps(answer))
