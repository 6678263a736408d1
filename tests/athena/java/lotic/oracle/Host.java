// SPDX-License-Identifier: Apache-2.0
package lotic.oracle;

import com.amazonaws.services.lambda.runtime.RequestStreamHandler;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executors;

/**
 * Serves a Lambda handler over HTTP at the invoke path, on loopback: Host CLASS [PORT]. One line on standard output: the URL.
 * Ends when its standard input does. A function error is status 200 with X-Amz-Function-Error, as Lambda has it.
 */
public final class Host {
    static final String PATH = "/2015-03-31/functions/function/invocations";

    private Host() {}

    public static void main(String[] arguments) throws Exception {
        RequestStreamHandler handler = (RequestStreamHandler) Class.forName(arguments[0]).getConstructor().newInstance();
        HttpServer server = serve(handler, arguments.length > 1 ? Integer.parseInt(arguments[1]) : 0);
        System.out.println(url(server));
        System.out.flush();
        while (System.in.read() >= 0) {
            // whoever started this process keeps the pipe open
        }
        server.stop(0);
        System.exit(0);
    }

    static String url(HttpServer server) {
        return "http://127.0.0.1:" + server.getAddress().getPort() + PATH;
    }

    static HttpServer serve(RequestStreamHandler handler, int port) throws IOException {
        HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getByName("127.0.0.1"), port), 0);
        server.createContext(PATH, exchange -> answer(handler, exchange));
        server.setExecutor(Executors.newFixedThreadPool(4, work -> {
            Thread thread = new Thread(work);
            thread.setDaemon(true);
            return thread;
        }));
        server.start();
        return server;
    }

    private static void answer(RequestStreamHandler handler, HttpExchange exchange) throws IOException {
        byte[] request = exchange.getRequestBody().readAllBytes();
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        byte[] answer;
        try {
            handler.handleRequest(new ByteArrayInputStream(request), out, null);
            answer = out.toByteArray();
        } catch (Throwable thrown) {
            exchange.getResponseHeaders().set("X-Amz-Function-Error", "Unhandled");
            answer = error(thrown).getBytes(StandardCharsets.UTF_8);
        }
        exchange.getResponseHeaders().set("Content-Type", "application/json");
        exchange.sendResponseHeaders(200, answer.length == 0 ? -1 : answer.length);
        exchange.getResponseBody().write(answer);
        exchange.close();
    }

    /** The three members that the Java runtime client sends. */
    static String error(Throwable thrown) throws IOException {
        List<String> trace = new ArrayList<>();
        for (StackTraceElement element : thrown.getStackTrace()) {
            trace.add(element.toString());
        }
        Map<String, Object> error = new LinkedHashMap<>();
        error.put("errorMessage", thrown.getMessage());
        error.put("errorType", thrown.getClass().getName());
        error.put("stackTrace", trace);
        return new ObjectMapper().writeValueAsString(error);
    }
}
