/** Runs the simulation. Its place: the simulator itself is not in this revision. */
console.log('simulation: none in this revision')
