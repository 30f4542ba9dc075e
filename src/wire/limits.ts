/** Bounds of what is decoded, checked before memory is taken; Kafka's own since 4.4. */

/** Items of one array. A frame of 100 MB could else ask for a hundred million objects. */
export const arrayItemsMax = 1_000_000
/** Tagged fields of one struct, known and unknown. */
export const taggedFieldsMax = 10_000
/** Bytes of a string: an int16 before flexible versions, and no more after, as Kafka reads them. */
export const stringBytesMax = 32_767
