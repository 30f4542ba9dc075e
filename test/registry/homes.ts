/** Where the clients are that run.ts installs. */
import path from 'node:path'
import { checkout } from '../support/broker-process.ts'

export const clientsHome: string = path.join(checkout, 'build/registry-clients/node')
export const pythonHome: string = path.join(checkout, 'build/registry-clients/python')
