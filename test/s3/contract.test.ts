import { objectStoreContract } from '../../src/objects/object-store-contract.ts'
import { useServer } from './bucket.ts'

const bucket = useServer()

objectStoreContract('S3', async () => (await bucket.open()).store)
objectStoreContract('S3 below a prefix', async () => (await bucket.open({ prefix: 'a/b' })).store)
objectStoreContract(
  'S3 with SHA-256',
  async () => (await bucket.open({ parameters: 'checksum=sha256' })).store,
)
