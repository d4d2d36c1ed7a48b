"""Addresses of the receivables reports, the customers, their entries and the notes on them."""

from django.urls import path

from accounting import (
    customer_views,
    entry_views,
    export_views,
    import_views,
    matching_views,
    note_views,
    receipts_views,
    settings_views,
    sign_off_views,
    views,
)

urlpatterns = [
    path("klient/<str:organisation_number>/rapporter/apne-poster/", views.open_items_page, name="report_open_items"),
    path(
        "klient/<str:organisation_number>/rapporter/aldersfordelt/",
        views.aged_receivables_page,
        name="report_aged_receivables",
    ),
    path(
        "klient/<str:organisation_number>/rapporter/avstemming/",
        sign_off_views.reconciliation_page,
        name="reconciliation",
    ),
    path("klient/<str:organisation_number>/rapporter/avstemming/avstem", sign_off_views.sign_off_now, name="sign_off"),
    path(
        "klient/<str:organisation_number>/rapporter/avstemming/<int:sign_off_id>.pdf",
        sign_off_views.kept_report,
        name="sign_off_report",
    ),
    path(
        "klient/<str:organisation_number>/fakturaer/ubetalte/",
        views.unpaid_invoices_page,
        name="report_unpaid_invoices",
    ),
    path(
        "klient/<str:organisation_number>/innbetalinger/uidentifiserte/",
        receipts_views.unidentified_page,
        name="unidentified_payments",
    ),
    *(
        path(f"klient/<str:organisation_number>/innbetalinger/uidentifiserte/<int:receipt_id>/{rest}", view, name=name)
        for rest, view, name in (
            ("", receipts_views.receipt_page, "receipt"),
            ("bokfor/", receipts_views.receipt_book, "receipt_book"),
            ("lan/", receipts_views.receipt_loan, "receipt_loan"),
            ("avvis/", receipts_views.receipt_dismiss, "receipt_dismiss"),
            ("angre/", receipts_views.receipt_undo, "receipt_undo"),
        )
    ),
    path("klient/<str:organisation_number>/poster/match/", matching_views.match_choice_page, name="match_choice"),
    path("klient/<str:organisation_number>/poster/match/utfor/", matching_views.match_do, name="match_do"),
    path("klient/<str:organisation_number>/poster/match/opphev/", matching_views.match_undo, name="match_undo"),
    path(
        "klient/<str:organisation_number>/poster/<int:entry_id>/match/",
        matching_views.match_group_page,
        name="match_group",
    ),
    path(
        "klient/<str:organisation_number>/innstillinger/regnskap/",
        settings_views.accounting_settings_page,
        name="accounting_settings",
    ),
    path(
        "klient/<str:organisation_number>/innstillinger/regnskap/las/",
        settings_views.accounting_lock,
        name="accounting_lock",
    ),
    path(
        "klient/<str:organisation_number>/innstillinger/regnskap/valg/",
        settings_views.accounting_choices,
        name="accounting_choices",
    ),
    path("klient/<str:organisation_number>/eksporter/", export_views.exports_page, name="exports"),
    path("klient/<str:organisation_number>/eksporter/<uuid:export_key>/", export_views.export_file, name="export_file"),
    path("klient/<str:organisation_number>/visninger/", export_views.save_view_page, name="save_view"),
    path(
        "klient/<str:organisation_number>/visninger/<int:saved_view_id>/slett",
        export_views.remove_view_page,
        name="remove_view",
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
    path("klient/<str:organisation_number>/poster/<int:entry_id>/", entry_views.entry_page, name="ledger_entry"),
    path("klient/<str:organisation_number>/poster/<int:entry_id>/fakta/", entry_views.entry_facts, name="entry_facts"),
    path("klient/<str:organisation_number>/poster/sett/", entry_views.set_facts_of_rows, name="set_facts"),
    path("klient/<str:organisation_number>/notater/ny/", note_views.note_new, name="note_new"),
    path("klient/<str:organisation_number>/notater/<int:note_id>/", note_views.note_edit, name="note_edit"),
    path("klient/<str:organisation_number>/notater/<int:note_id>/slett/", note_views.note_delete, name="note_delete"),
    path("klient/<str:organisation_number>/import/", import_views.import_page, name="import"),
    path("klient/<str:organisation_number>/import/<int:run_id>/", import_views.import_run_page, name="import_run"),
]
