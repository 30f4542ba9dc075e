/** Where a broker lives and listens, and who it is. */
export const listenerOptions = {
  'data.dir': {
    type: 'string',
    default: './karst-data',
    doc: 'The folder that holds everything: journal, objects, catalog. One process at a time.',
    reason: 'Beside whoever starts it: seen, and easy to delete.',
    flag: 'data',
    shape: 'DIR',
  },
  'kafka.listen': {
    type: 'address',
    default: '127.0.0.1:9092',
    doc: 'Where Kafka clients connect.',
    reason: 'Kafka’s port; on loopback, because there is no authentication unless it is set up.',
    flag: 'kafka',
    shape: 'HOST:PORT',
  },
  'kafka.advertised': {
    type: 'address',
    default: undefined,
    doc: 'The address that clients are told to connect to. Default: the one listened on.',
    flag: 'kafka-advertised',
    shape: 'HOST:PORT',
  },
  'http.listen': {
    type: 'address',
    default: '127.0.0.1:9644',
    doc: 'Where /healthz, /readyz and /metrics are answered.',
    flag: 'http',
    shape: 'HOST:PORT',
  },
  'otlp.http.listen': {
    type: 'address',
    default: '127.0.0.1:4318',
    doc: 'Where OpenTelemetry arrives over HTTP.',
    reason: 'The port that OpenTelemetry exporters use by default.',
    flag: 'otlp-http',
    shape: 'HOST:PORT',
  },
  'broker.name': {
    type: 'string',
    default: undefined,
    doc: [
      'The name of this broker in a fleet. It keeps the broker’s id in Metadata, also on another',
      'machine; a process that starts under it takes the place of the one before.',
    ],
    flag: 'name',
    shape: 'NAME',
  },
  'broker.rack': {
    type: 'string',
    default: undefined,
    doc: [
      'The zone of this broker in a fleet. Clients of the zone find their partitions here; they',
      'say so by client.rack, or by zone= in their client id.',
    ],
    flag: 'zone',
    shape: 'ZONE',
  },
  'node.id': {
    type: 'integer',
    default: 1,
    min: 0,
    max: 2_147_483_647,
    doc: 'The id of this broker in Metadata. In a fleet the broker’s name decides.',
  },
} as const
