/** What a broker knows of the cluster it is in: who there is, and who is shown for what. */
import { type CoordinatorTerm, soleTerm } from '../catalog/coordinator-term.ts'

export interface Node {
  readonly nodeId: number
  readonly host: string
  readonly port: number
  /** '' where none was given. */
  readonly rack: string
}

/** Whether this broker may act as the coordinator of a name. */
export type Coordination =
  | 'own'
  /** Another broker has it: its clients look for it anew. */
  | 'other'
  /** Nothing was heard of the catalog for so long that another may have taken it. */
  | 'unsure'

export interface ClusterView {
  /** This broker. */
  readonly nodeId: number
  /** The zone of this broker; '' where it has none. */
  readonly zone: string
  /** Brokers that clients may connect to, by id; this one is always among them. */
  nodes(): readonly Node[]
  /** The broker that does what Kafka's controller does, for those who ask for it. */
  controllerId(): number
  /** Where a client of `zone` (undefined: of this broker's) finds a partition. */
  leaderOf(partitionId: number, zone: string | undefined): number
  /**
   * Another broker, in the consumer's own zone, that it shall read the partition from (KIP-392);
   * undefined where that is this one, or the zone has none. '' is no zone.
   */
  readerFor(partitionId: number, rack: string): number | undefined
  /** The partition's broker in each zone, the client's first. */
  replicasOf(partitionId: number, zone: string | undefined): readonly number[]
  /**
   * The placement in which another broker is shown to a client of that zone, once every broker that
   * lives shows it; undefined where this broker is shown, or some still show it.
   */
  leftInVersion(partitionId: number, zone: string | undefined): number | undefined
  /** Who coordinates the group or transactional id. */
  coordinatorOf(name: string): number
  coordination(name: string): Coordination
  /** Of this broker as the coordinator of the name; undefined where another is. */
  termOf(name: string): CoordinatorTerm | undefined
  /**
   * True where the catalog was not reached for so long that the others go on without this broker:
   * its clients are sent to them.
   */
  isCutOff(): boolean
  /** Calls `hear` when the broker is cut off. Returns its end. */
  onCutOff(hear: () => void): () => void
  /** True where this broker lists the partition for tools that ask every broker and add up. */
  isLister(partitionId: number): boolean
  /** Calls `hear` after every change of what is shown. */
  onChange(hear: () => void): void
}

/** A cluster of one: everything is here. */
export function soleBroker(
  nodeId: number,
  address: () => Omit<Node, 'nodeId' | 'rack'>,
): ClusterView {
  return {
    nodeId,
    zone: '',
    nodes: () => [{ nodeId, ...address(), rack: '' }],
    controllerId: () => nodeId,
    leaderOf: () => nodeId,
    readerFor: () => undefined,
    replicasOf: () => [nodeId],
    leftInVersion: () => undefined,
    coordinatorOf: () => nodeId,
    coordination: () => 'own',
    termOf: () => soleTerm,
    isCutOff: () => false,
    onCutOff: () => () => undefined,
    isLister: () => true,
    onChange: () => undefined,
  }
}
