/* An empty WebKitGTK window of the app's size: prints the milliseconds from main to "load finished", and stays. */
#include <stdio.h>
#include <webkit2/webkit2.h>

static gint64 begun;

static void changed(WebKitWebView *view, WebKitLoadEvent event, gpointer nothing) {
  (void)view, (void)nothing;
  if (event == WEBKIT_LOAD_FINISHED) {
    printf("%.1f\n", (g_get_monotonic_time() - begun) / 1000.0);
    fflush(stdout);
  }
}

int main(int count, char **words) {
  begun = g_get_monotonic_time();
  gtk_init(&count, &words);
  GtkWidget *window = gtk_window_new(GTK_WINDOW_TOPLEVEL);
  GtkWidget *view = webkit_web_view_new();
  gtk_window_set_default_size(GTK_WINDOW(window), 440, 640);
  gtk_container_add(GTK_CONTAINER(window), view);
  g_signal_connect(view, "load-changed", G_CALLBACK(changed), NULL);
  gtk_widget_show_all(window);
  webkit_web_view_load_html(WEBKIT_WEB_VIEW(view), "<!doctype html><title>Empty</title>", NULL);
  gtk_main();
  return 0;
}
