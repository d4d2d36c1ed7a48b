"""Addresses of the receivables reports."""

from django.urls import path

from accounting import receipts_views, views

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
]
