/**
 * What a client may do (KIP-430), as bits by the number of Kafka's operation. Nobody is authorised
 * yet, so everybody may do everything that there is, as in Kafka without an authorizer.
 */

const operations = {
  read: 3,
  write: 4,
  create: 5,
  delete: 6,
  alter: 7,
  describe: 8,
  clusterAction: 9,
  describeConfigs: 10,
  alterConfigs: 11,
  idempotentWrite: 12,
} as const

type Operation = keyof typeof operations

const bits = (...names: readonly Operation[]): number =>
  names.reduce((sum, name) => sum + 2 ** operations[name], 0)

/** With a topic. */
export const topicOperations: number = bits(
  ...(['read', 'write', 'create', 'delete', 'alter', 'describe'] as const),
  ...(['describeConfigs', 'alterConfigs'] as const),
)

/** With a group. */
export const groupOperations: number = bits(
  ...(['read', 'delete', 'describe', 'describeConfigs', 'alterConfigs'] as const),
)

/** With the cluster. */
export const clusterOperations: number = bits(
  ...(['create', 'alter', 'describe', 'clusterAction', 'describeConfigs'] as const),
  ...(['alterConfigs', 'idempotentWrite'] as const),
)

/** Said where the client did not ask. */
export const notAsked = -2_147_483_648
