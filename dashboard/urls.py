"""The dashboard's addresses, and that of the choice of company."""

from django.urls import path

from dashboard import chooser, setup, views

urlpatterns = [
    path("", chooser.home, name="home"),
    path("klient/<str:organisation_number>/", views.dashboard, name="dashboard"),
    path("klient/<str:organisation_number>/dashboard/oppsett", setup.setup, name="dashboard_setup"),
    path("klient/<str:organisation_number>/dashboard/puls", views.pulses, name="dashboard_pulses"),
    path("klient/<str:organisation_number>/dashboard/<slug:key>", views.widget, name="dashboard_widget"),
    path("klient/<str:organisation_number>/dashboard/<slug:key>/endre", setup.change, name="dashboard_change"),
]
