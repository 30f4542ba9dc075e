/** What OpenTelemetry may send. */
export const telemetryOptions = {
  'otlp.max.request.bytes': {
    type: 'integer',
    default: 67_108_864,
    min: 1024,
    max: 1_073_741_824,
    unit: 'bytes',
    doc: 'The largest OTLP request body, as sent and again after decompression.',
  },
} as const
