/** What only a broker of a fleet needs, in one piece that is loaded when there is one. */
export { FleetListener } from './fleet-listener.ts'
export { FleetMember } from './fleet-member.ts'
export { openFleetStorage } from './fleet-storage.ts'
