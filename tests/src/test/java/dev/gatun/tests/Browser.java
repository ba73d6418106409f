package dev.gatun.tests;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;

/** A Chromium without a window and a page in it, driven with the Chrome DevTools Protocol. */
final class Browser implements AutoCloseable {
    private static final int SECONDS = 60;
    private static final ObjectMapper JSON = new ObjectMapper();

    private final Process process;
    private final HttpClient client = HttpClient.newHttpClient();
    private final WebSocket socket;
    private final LinkedBlockingQueue<JsonNode> received = new LinkedBlockingQueue<>();
    private final List<JsonNode> events = new ArrayList<>();
    private final String session;
    private int calls;

    /**
     * Starts it.
     *
     * @param profile an empty folder for its files
     */
    Browser(Path chromium, Path profile) throws IOException, InterruptedException {
        // As root, its sandbox cannot be had; what it opens is a page of ours.
        process = new ProcessBuilder(chromium.toString(), "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
                "--remote-debugging-port=0", "--user-data-dir=" + profile, "--no-first-run", "--disable-background-networking",
                "about:blank").redirectOutput(ProcessBuilder.Redirect.DISCARD).start();
        socket = client.newWebSocketBuilder().buildAsync(address(process.errorReader()), new Listener()).join();
        String target = send("Target.createTarget", Map.of("url", "about:blank"), null).get("targetId").asText();
        session = send("Target.attachToTarget", Map.of("targetId", target, "flatten", true), null).get("sessionId").asText();
        for (String domain : List.of("Page", "Runtime", "Log", "Network")) {
            call(domain + ".enable", Map.of());
        }
    }

    /** Reads where it listens, and goes on reading in the background so that it is never kept from writing. */
    private static URI address(BufferedReader errors) throws IOException {
        StringBuilder read = new StringBuilder();
        for (String line = errors.readLine(); line != null; line = errors.readLine()) {
            if (line.startsWith("DevTools listening on ")) {
                Thread.ofVirtual().start(() -> errors.lines().forEach(ignored -> {}));
                return URI.create(line.substring(line.indexOf("ws://")));
            }
            read.append(line).append('\n');
        }
        throw new IOException("Chromium ended before it listened:\n" + read);
    }

    /** Shows pages in a window of a size from here on, as on a phone or not, and in the dark or not. */
    void emulate(int width, int height, boolean phone, boolean dark) throws IOException, InterruptedException {
        call("Emulation.setDeviceMetricsOverride", Map.of("width", width, "height", height, "deviceScaleFactor", phone ? 2 : 1,
                "mobile", phone));
        call("Emulation.setEmulatedMedia",
                Map.of("features", List.of(Map.of("name", "prefers-color-scheme", "value", dark ? "dark" : "light"))));
    }

    /** Runs a script in each page opened from here on, before the page's own. */
    void prepare(String script) throws IOException, InterruptedException {
        call("Page.addScriptToEvaluateOnNewDocument", Map.of("source", script));
    }

    /** Opens a file and waits until it is loaded and has been drawn; earlier events are forgotten. */
    void open(Path file) throws IOException, InterruptedException {
        events.clear();
        call("Page.navigate", Map.of("url", file.toUri().toString()));
        await(event -> event.path("method").asText().equals("Page.loadEventFired"));
        evaluate("new Promise(drawn => requestAnimationFrame(() => requestAnimationFrame(() => drawn(true))))");
    }

    /** Returns the value of an expression, or of the promise it gives. */
    JsonNode evaluate(String expression) throws IOException, InterruptedException {
        JsonNode result = call("Runtime.evaluate", Map.of("expression", expression, "returnByValue", true, "awaitPromise", true));
        if (result.has("exceptionDetails")) {
            throw new IOException(expression + ": " + result.get("exceptionDetails"));
        }
        return result.at("/result/value");
    }

    /** Returns the events of a kind since the page was opened. */
    List<JsonNode> events(String method) {
        return events.stream().filter(event -> event.path("method").asText().equals(method)).map(event -> event.get("params")).toList();
    }

    /** Writes a picture of the whole page as PNG. */
    void screenshot(Path file) throws IOException, InterruptedException {
        JsonNode picture = call("Page.captureScreenshot", Map.of("captureBeyondViewport", true));
        Files.write(file, Base64.getDecoder().decode(picture.get("data").asText()));
    }

    /** Calls a method on the page. */
    JsonNode call(String method, Map<String, ?> parameters) throws IOException, InterruptedException {
        return send(method, parameters, session);
    }

    private JsonNode send(String method, Map<String, ?> parameters, String toSession) throws IOException, InterruptedException {
        int id = ++calls;
        ObjectNode message = JSON.createObjectNode().put("id", id).put("method", method).set("params", JSON.valueToTree(parameters));
        if (toSession != null) {
            message.put("sessionId", toSession);
        }
        socket.sendText(message.toString(), true).join();
        JsonNode answer = await(one -> one.path("id").asInt() == id);
        if (answer.has("error")) {
            throw new IOException(method + ": " + answer.get("error"));
        }
        return answer.get("result");
    }

    /** Reads on until a message comes; what comes before it, and is an event, is kept. */
    private JsonNode await(Predicate<JsonNode> wanted) throws IOException, InterruptedException {
        while (true) {
            JsonNode message = received.poll(SECONDS, TimeUnit.SECONDS);
            if (message == null) {
                throw new IOException("Chromium said nothing for " + SECONDS + " s");
            }
            if (message.has("method")) {
                events.add(message);
            }
            if (wanted.test(message)) {
                return message;
            }
        }
    }

    @Override
    public void close() throws IOException, InterruptedException {
        send("Browser.close", Map.of(), null);
        socket.abort();
        client.close();
        if (!process.waitFor(SECONDS, TimeUnit.SECONDS)) {
            process.destroyForcibly().waitFor();
        }
    }

    private final class Listener implements WebSocket.Listener {
        private final StringBuilder text = new StringBuilder();

        @Override
        public CompletionStage<?> onText(WebSocket from, CharSequence part, boolean last) {
            text.append(part);
            if (last) {
                try {
                    received.add(JSON.readTree(text.toString()));
                } catch (IOException e) {
                    throw new IllegalStateException(e);
                }
                text.setLength(0);
            }
            from.request(1);
            return null;
        }
    }
}
