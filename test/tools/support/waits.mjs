/** Runs until it gets SIGTERM, and reports it. */
console.log(`running as ${process.pid}`);
const clock = setInterval(() => undefined, 1_000);
process.on("SIGTERM", () => {
  console.log("asked to end");
  clearInterval(clock);
});
