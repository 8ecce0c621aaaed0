// Takes webhooks as a source would: verified by npm's standardwebhooks. Prints its port, then a line for each.
import { createServer } from "node:http";
import { Webhook } from "standardwebhooks";

const webhook = new Webhook(process.env.SECRET);
const server = createServer((request, response) => {
  const parts = [];
  request.on("data", (part) => parts.push(part));
  request.on("end", () => {
    try {
      const event = webhook.verify(Buffer.concat(parts).toString("utf8"), request.headers);
      console.log(JSON.stringify({ id: event.id, subject: event.subject, sequence: event.sequence }));
      response.writeHead(204).end();
    } catch (error) {
      console.log(JSON.stringify({ refused: error.message }));
      response.writeHead(400).end();
    }
  });
});
server.listen(Number(process.env.PORT), "127.0.0.1", () => console.log(server.address().port));
