"""Addresses of the receivables reports, the customers, their entries and the notes on them."""

from django.urls import path

from accounting import customer_views, entry_views, note_views, views

urlpatterns = [
    path("klient/<str:organisation_number>/rapporter/apne-poster/", views.open_items_page, name="report_open_items"),
    path(
        "klient/<str:organisation_number>/rapporter/aldersfordelt/",
        views.aged_receivables_page,
        name="report_aged_receivables",
    ),
    path("klient/<str:organisation_number>/rapporter/avstemming/", views.reconciliation_page, name="reconciliation"),
    path(
        "klient/<str:organisation_number>/fakturaer/ubetalte/",
        views.unpaid_invoices_page,
        name="report_unpaid_invoices",
    ),
    # A customer's number may hold a slash.
    path("klient/<str:organisation_number>/kunder/", customer_views.customers, name="customers"),
    path(
        "klient/<str:organisation_number>/kunder/<path:number>/kontoutskrift/",
        customer_views.customer_statement,
        name="customer_statement",
    ),
    path(
        "klient/<str:organisation_number>/kunder/<path:number>/rediger/",
        customer_views.customer_edit,
        name="customer_edit",
    ),
    path("klient/<str:organisation_number>/kunder/<path:number>/", customer_views.customer, name="customer"),
    path("klient/<str:organisation_number>/poster/<int:pk>/", entry_views.entry_page, name="ledger_entry"),
    path("klient/<str:organisation_number>/poster/<int:pk>/fakta/", entry_views.entry_facts, name="entry_facts"),
    path("klient/<str:organisation_number>/poster/sett/", entry_views.set_facts_of_rows, name="set_facts"),
    path("klient/<str:organisation_number>/notater/ny/", note_views.note_new, name="note_new"),
    path("klient/<str:organisation_number>/notater/<int:pk>/", note_views.note_edit, name="note_edit"),
    path("klient/<str:organisation_number>/notater/<int:pk>/slett/", note_views.note_delete, name="note_delete"),
]
