/** ApiVersions: what each broker speaks, so that what is missing is seen, and its own fallback. */
import { apiVersions } from '../../../src/wire/messages/18-api-versions.ts'
import { casesOf, within } from '../scenario.ts'
import type { WireCase } from '../scenario.ts'

const software = { clientSoftwareName: 'wire-test', clientSoftwareVersion: '1.0' }

export const apiVersionsCases: WireCase[] = casesOf(apiVersions, {
  'what is spoken': (trial) => trial.try(software),
  'a name that is none': within(3, 9, (trial) =>
    trial.try({ ...software, clientSoftwareName: '-x' }),
  ),
  'no name': within(3, 9, (trial) => trial.try({ ...software, clientSoftwareName: '' })),
  'no version': within(3, 9, (trial) => trial.try({ ...software, clientSoftwareVersion: '' })),
  'a version with a space': within(3, 9, (trial) =>
    trial.try({ ...software, clientSoftwareVersion: '1 0' }),
  ),
  'an unknown version is answered in version 0': within(0, 0, async (trial) => {
    const bytes = await trial.askRaw(18, 99, Buffer.from([0]))
    trial.remember('decoded', {
      kind: 'response',
      value: apiVersions.response.decode(0, bytes),
    })
    await trial.try(software)
  }),
  'an unknown key closes': within(0, 0, (trial) => trial.askRaw(999, 0, Buffer.alloc(4))),
  'an unknown version of another key closes': within(0, 0, (trial) =>
    trial.askRaw(3, 99, Buffer.alloc(8)),
  ),
  'Produce before version 3 closes': within(0, 0, (trial) => trial.askRaw(0, 2, Buffer.alloc(10))),
  'a body that is cut short closes': within(0, 0, (trial) => trial.askRaw(3, 1, Buffer.alloc(2))),
})
