/**
 * What the registry answers instead of a result. The numbers are those that clients of Confluent's
 * registry know: the HTTP status is the first three digits of the code.
 */

export class RegistryError extends Error {
  override readonly name = 'RegistryError'
  /** As `error_code` in the answer. Nothing was written. */
  readonly code: number

  constructor(code: number, message: string) {
    super(message)
    this.code = code
  }

  get status(): number {
    return this.code < 1_000 ? this.code : Math.floor(this.code / 100)
  }
}

export const registryErrors = {
  subjectNotFound: (subject: string): RegistryError =>
    new RegistryError(40401, `Subject '${subject}' not found.`),
  versionNotFound: (version: number | 'latest'): RegistryError =>
    new RegistryError(40402, `Version ${version} not found.`),
  schemaNotFound: (what?: string): RegistryError =>
    new RegistryError(40403, what === undefined ? 'Schema not found' : `Schema ${what} not found`),
  subjectSoftDeleted: (subject: string): RegistryError =>
    new RegistryError(
      40404,
      `Subject '${subject}' was soft deleted. Set permanent=true to delete permanently`,
    ),
  subjectNotSoftDeleted: (subject: string): RegistryError =>
    new RegistryError(
      40405,
      `Subject '${subject}' was not deleted first before being permanently deleted`,
    ),
  versionSoftDeleted: (subject: string, version: number): RegistryError =>
    new RegistryError(
      40406,
      `Subject '${subject}' Version ${version} was soft deleted. ` +
        'Set permanent=true to delete permanently',
    ),
  versionNotSoftDeleted: (subject: string, version: number): RegistryError =>
    new RegistryError(
      40407,
      `Subject '${subject}' Version ${version} was not deleted first ` +
        'before being permanently deleted',
    ),
  noSubjectConfig: (subject: string): RegistryError =>
    new RegistryError(
      40408,
      `Subject '${subject}' does not have subject-level compatibility configured`,
    ),
  noSubjectMode: (subject: string): RegistryError =>
    new RegistryError(40409, `Subject '${subject}' does not have subject-level mode configured`),
  /** Clients look for the status, or for this number; 40901 is what the newest servers say. */
  incompatible: (message: string): RegistryError => new RegistryError(409, message),
  invalidSchema: (message: string): RegistryError => new RegistryError(42201, message),
  invalidVersion: (text: string): RegistryError =>
    new RegistryError(
      42202,
      `The specified version '${text}' is not a valid version id. ` +
        'Allowed values are between [1, 2^31-1] and the string "latest"',
    ),
  invalidCompatibility: (text: string): RegistryError =>
    new RegistryError(
      42203,
      `Invalid compatibility level '${text}'. Valid values are none, backward, forward, full, ` +
        'backward_transitive, forward_transitive, and full_transitive',
    ),
  invalidMode: (text: string): RegistryError =>
    new RegistryError(
      42204,
      `Invalid mode '${text}'. Valid values are READWRITE, READONLY, READONLY_OVERRIDE, ` +
        'IMPORT and FORWARD',
    ),
  notPermitted: (message: string): RegistryError => new RegistryError(42205, message),
  referenceExists: (subject: string, version: number, by: string): RegistryError =>
    new RegistryError(
      42206,
      `One or more references exist to the schema {subject=${subject},version=${version}}: ${by}.`,
    ),
  idMismatch: (message: string): RegistryError => new RegistryError(42207, message),
  invalidSubject: (subject: string): RegistryError =>
    new RegistryError(42208, `The specified subject '${subject}' is not a valid.`),
  tooLarge: (message: string): RegistryError => new RegistryError(42209, message),
  invalidRuleSet: (message: string): RegistryError => new RegistryError(42210, message),
  contextNotEmpty: (context: string): RegistryError =>
    new RegistryError(42211, `The specified context '${context}' is not empty.`),
  associationNotFound: (resource: string): RegistryError =>
    new RegistryError(40410, `Association for '${resource}' not found.`),
  tooManyAssociations: (max: number): RegistryError =>
    new RegistryError(40902, `A maximum of ${max} associations already exist`),
  associationOfResourceExists: (type: string, resource: string): RegistryError =>
    new RegistryError(
      40903,
      `An association of type '${type}' already exists for resource '${resource}'`,
    ),
  associationOfSubjectExists: (subject: string): RegistryError =>
    new RegistryError(40904, `An association already exists for subject '${subject}'`),
  strongAssociationExists: (subject: string): RegistryError =>
    new RegistryError(40905, `A strong association already exists for subject '${subject}'`),
  noActiveVersion: (subject: string): RegistryError =>
    new RegistryError(40907, `No active (non-deleted) version exists for subject '${subject}'`),
  associationFrozen: (type: string, subject: string): RegistryError =>
    new RegistryError(
      40908,
      `The association of type '${type}' is frozen for subject '${subject}'`,
    ),
  invalidAssociation: (property: string, why: string): RegistryError =>
    new RegistryError(
      42212,
      `The association specified an invalid value for property: '${property}', detail: ${why}`,
    ),
  keyNotFound: (key: string): RegistryError => new RegistryError(40470, `Key '${key}' not found`),
  keyNotSoftDeleted: (key: string): RegistryError =>
    new RegistryError(40471, `Key '${key}' was not deleted first before being permanently deleted`),
  keySoftDeleted: (key: string): RegistryError =>
    new RegistryError(40472, `Key '${key}' must be undeleted first`),
  keyExists: (key: string): RegistryError =>
    new RegistryError(40971, `Key '${key}' already exists; use a different value`),
  tooManyKeys: (max: number): RegistryError =>
    new RegistryError(40972, `A maximum of ${max} keys already exist`),
  invalidKey: (field: string, why: string): RegistryError =>
    new RegistryError(42271, `Invalid or missing value for field '${field}' of key: ${why}`),
  keyInUse: (key: string): RegistryError =>
    new RegistryError(42272, `One or more references exist to the key '${key}'`),
  /** What the request is made of is wrong: JSON, a type, a parameter. */
  invalidRequest: (message: string): RegistryError => new RegistryError(422, message),
  store: (message: string): RegistryError => new RegistryError(50001, message),
} as const
