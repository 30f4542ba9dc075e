/**
 * An agent as one would write it with the `ai` package: two steps and a tool call. The model is the
 * package's own mock, so that the example costs nothing and says the same every time.
 */
import { OpenTelemetry } from '@ai-sdk/otel'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto'
import { resourceFromAttributes } from '@opentelemetry/resources'
import { BatchSpanProcessor, NodeTracerProvider } from '@opentelemetry/sdk-trace-node'
import { generateText, jsonSchema, stepCountIs, tool } from 'ai'
import { MockLanguageModelV4 } from 'ai/test'

export const question = 'What is the weather in Karst?'
export const serviceName = 'weather-agent'

const usage = {
  inputTokens: { total: 12, noCache: 12, cacheRead: 0, cacheWrite: 0 },
  outputTokens: { total: 7, text: 7, reasoning: 0 },
}

function mockModel(): MockLanguageModelV4 {
  return new MockLanguageModelV4({
    provider: 'mock',
    modelId: 'mock-model',
    doGenerate: [
      {
        content: [
          {
            type: 'tool-call',
            toolCallId: 'call-1',
            toolName: 'weather',
            input: JSON.stringify({ city: 'Karst' }),
          },
        ],
        finishReason: { unified: 'tool-calls', raw: 'tool_calls' },
        usage,
        warnings: [],
      },
      {
        content: [{ type: 'text', text: 'It is 21 °C in Karst.' }],
        finishReason: { unified: 'stop', raw: 'stop' },
        usage,
        warnings: [],
      },
    ],
  })
}

const weather = tool({
  description: 'The weather of a city',
  inputSchema: jsonSchema<{ city: string }>({
    type: 'object',
    properties: { city: { type: 'string' } },
    required: ['city'],
  }),
  execute: async ({ city }) => ({ city, celsius: 21 }),
})

/**
 * Runs the agent once, its telemetry going to an OTLP/HTTP receiver (`http://HOST:PORT`). Resolves
 * with its answer when every span has been accepted.
 */
export async function runAgent(otlp: string): Promise<string> {
  const exporter = new OTLPTraceExporter({ url: `${otlp}/v1/traces` })
  const provider = new NodeTracerProvider({
    resource: resourceFromAttributes({ 'service.name': serviceName }),
    spanProcessors: [new BatchSpanProcessor(exporter)],
  })
  const tracer = provider.getTracer('examples/agent')
  try {
    const result = await generateText({
      model: mockModel(),
      tools: { weather },
      stopWhen: stepCountIs(4),
      prompt: question,
      telemetry: { functionId: serviceName, integrations: new OpenTelemetry({ tracer }) },
    })
    return result.text
  } finally {
    await provider.shutdown()
  }
}
