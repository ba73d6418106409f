package dev.gatun.examples.report;

import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** Pieces of HTML; every text that comes in is escaped. */
final class Html {
    private Html() {}

    /** Returns a text as HTML that shows it. */
    static String escape(String text) {
        return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\"", "&quot;");
    }

    /** Returns the few numbers that people look for first. */
    static String tiles(Map<String, String> facts) {
        StringBuilder html = new StringBuilder("<dl class=\"tiles\">\n");
        facts.forEach((title, value) -> html.append("<div><dt>").append(escape(title)).append("</dt><dd>").append(escape(value))
                .append("</dd></div>\n"));
        return html.append("</dl>\n").toString();
    }

    /** Returns a card with a table of names and values. */
    static String facts(String title, Map<String, String> facts) {
        StringBuilder html = new StringBuilder("<section class=\"card\"><h2>").append(escape(title)).append("</h2>\n<table>\n");
        facts.forEach((name, value) -> html.append("<tr><th scope=\"row\">").append(escape(name)).append("</th><td>")
                .append(escape(value)).append("</td></tr>\n"));
        return html.append("</table></section>\n").toString();
    }

    /** Returns a card with a table, wider than the page if need be, whose first row holds the titles. */
    static String table(String title, List<List<String>> rows) {
        return "<section class=\"card\"><h2>" + escape(title) + "</h2>\n<div class=\"scroll\"><table>\n<thead>" + row("th", rows.getFirst())
                + "</thead>\n<tbody>" + rows.stream().skip(1).map(row -> row("td", row)).collect(Collectors.joining())
                + "</tbody>\n</table></div></section>\n";
    }

    private static String row(String element, List<String> cells) {
        return cells.stream().map(cell -> "<" + element + ">" + escape(cell) + "</" + element + ">")
                .collect(Collectors.joining("", "<tr>", "</tr>\n"));
    }
}
